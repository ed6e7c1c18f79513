import type { EntityFolder } from '../../../source/catalog/entity-folders.ts';
import { buildDatabase, databaseColumns } from '../database.ts';
import { columnKind, type EntityKind, kind } from '../entity-kind.ts';
import { buildSchema, schemaColumns, schemaDetails } from '../schema.ts';
import { columnColumns, columnDetails, columnSerializer, sharedColumns } from './postgres-column.ts';
import { buildProcedure, procedureColumns, procedureDetails } from './postgres-procedure.ts';
import { buildRelation, relationColumns, relationDetails } from './postgres-relation.ts';

/** How the rows of Postgres become entities. */
export const postgresKinds: Readonly<Record<EntityFolder, EntityKind>> = {
  database: kind(databaseColumns, buildDatabase),
  schema: kind(schemaColumns, buildSchema, { details: schemaDetails }),
  table: kind(relationColumns, buildRelation, { details: relationDetails }),
  column: columnKind(
    { columns: columnColumns, details: columnDetails, shared: sharedColumns },
    columnSerializer,
  ),
  'extras-procedure': kind(procedureColumns, buildProcedure, { details: procedureDetails }),
};
