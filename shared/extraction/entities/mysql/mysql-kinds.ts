import type { EntityFolder } from '../../../source/catalog/entity-folders.ts';
import { buildDatabase, databaseColumns } from '../database.ts';
import { columnKind, type EntityKind, kind } from '../entity-kind.ts';
import { buildSchema, schemaColumns } from '../schema.ts';
import {
  mysqlColumnColumns,
  mysqlColumnDetails,
  mysqlColumnSerializer,
  mysqlSharedColumns,
} from './mysql-column.ts';
import {
  buildMysqlProcedure,
  mysqlProcedureColumns,
  mysqlProcedureDetails,
  remarksOfRoutine,
} from './mysql-procedure.ts';
import {
  buildMysqlRelation,
  mysqlRelationColumns,
  mysqlRelationDetails,
  remarksOfRelation,
} from './mysql-relation.ts';

/** How the rows of MySQL and MariaDB become entities. */
export const mysqlKinds: Readonly<Record<EntityFolder, EntityKind>> = {
  database: kind(databaseColumns, buildDatabase),
  schema: kind(schemaColumns, buildSchema),
  table: kind(mysqlRelationColumns, buildMysqlRelation, {
    details: mysqlRelationDetails,
    remarksOf: remarksOfRelation,
  }),
  column: columnKind(
    { columns: mysqlColumnColumns, details: mysqlColumnDetails, shared: mysqlSharedColumns },
    mysqlColumnSerializer,
  ),
  'extras-procedure': kind(mysqlProcedureColumns, buildMysqlProcedure, {
    details: mysqlProcedureDetails,
    remarksOf: remarksOfRoutine,
  }),
};
