import type { EntityForm } from '../../source/catalog/catalog.ts';
import type { EntityFolder } from '../../source/catalog/entity-folders.ts';
import { type ColumnRow, columnColumns, columnDetails, columnSerializer, sharedColumns } from './column.ts';
import { buildDatabase, databaseColumns } from './database.ts';
import { type EntityKind, kind } from './entity-kind.ts';
import { mysqlKinds } from './mysql/mysql-kinds.ts';
import { buildProcedure, procedureColumns, procedureDetails } from './procedure.ts';
import { buildRelation, relationColumns, relationDetails } from './relation.ts';
import { buildSchema, schemaColumns, schemaDetails } from './schema.ts';

const postgresKinds: Readonly<Record<EntityFolder, EntityKind>> = {
  database: kind(databaseColumns, buildDatabase),
  schema: kind(schemaColumns, buildSchema, { details: schemaDetails }),
  table: kind(relationColumns, buildRelation, { details: relationDetails }),
  column: {
    columns: columnColumns,
    details: columnDetails,
    shared: sharedColumns,
    serializer: () => {
      const serialize = columnSerializer();
      return (row, context) => ({
        typeName: 'Column',
        json: serialize(row as unknown as ColumnRow, context),
      });
    },
  },
  'extras-procedure': kind(procedureColumns, buildProcedure, { details: procedureDetails }),
};

const forms: Readonly<Record<EntityForm, Readonly<Record<EntityFolder, EntityKind>>>> = {
  postgres: postgresKinds,
  mysql: mysqlKinds,
};

/** How raw rows become entities in the form of one of Atlan's apps. */
export const entityKindsOf = (form: EntityForm) => forms[form];
