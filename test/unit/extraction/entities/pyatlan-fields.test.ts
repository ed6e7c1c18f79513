import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import * as postgres from '../../../../shared/extraction/entities/entity-schemas.ts';
import * as mysql from '../../../../shared/extraction/entities/mysql/mysql-entity-schemas.ts';
import { sqlArguments, sqlProcedureReturn } from '../../../../shared/extraction/entities/signature.ts';
// The fields of the model classes of Atlan's own client, which ignores those that it does not know:
// Class.Attributes.model_fields in Python, by their aliases.
import pyatlan from '../../../support/extraction/pyatlan-fields.json' with { type: 'json' };

const schemas = {
  Postgres: [
    postgres.databaseEntity,
    postgres.schemaEntity,
    postgres.tableEntity,
    postgres.viewEntity,
    postgres.materialisedViewEntity,
    postgres.tablePartitionEntity,
    postgres.columnEntity,
    postgres.procedureEntity,
  ],
  MySQL: [
    mysql.mysqlTableEntity,
    mysql.mysqlViewEntity,
    mysql.mysqlTablePartitionEntity,
    mysql.mysqlColumnEntity,
    mysql.mysqlProcedureEntity,
  ],
};

interface EntityShape {
  shape: { typeName: z.ZodLiteral<keyof typeof pyatlan.types>; attributes: z.ZodObject };
}

describe('the structures in details', () => {
  it.each([
    ['SQLProcedureArgument', sqlArguments.element],
    ['SQLProcedureReturn', sqlProcedureReturn],
  ] as const)('have only fields that Atlan’s client knows: %s', (name, { shape }) => {
    expect(pyatlan.structs[name]).toEqual(expect.arrayContaining(Object.keys(shape)));
  });

  it('are asked of the same schemas as the rest', () => {
    expect(Object.keys(postgres.columnEntity.shape.attributes.shape)).toEqual(
      expect.arrayContaining(['rawDataTypeDefinition', 'defaultValue', 'isIndexed', 'foreignKeyFrom']),
    );
    expect(Object.keys(mysql.mysqlProcedureEntity.shape.attributes.shape)).toEqual(
      expect.arrayContaining(['sqlLanguage', 'sqlArguments', 'sqlProcedureReturn']),
    );
  });
});

describe.each(Object.entries(schemas))('the entities of %s', (_form, entities) => {
  it.each(entities.map((entity) => [entity.shape.typeName.value, entity] as const))(
    'have only attributes that Atlan’s client knows: %s',
    (typeName, entity) => {
      const known = new Set([...pyatlan.common, ...pyatlan.types[typeName]]);
      const keys = Object.keys((entity as unknown as EntityShape).shape.attributes.shape);
      expect(keys.length).toBeGreaterThan(5);
      expect(keys.filter((key) => !known.has(key))).toEqual([]);
    },
  );
});
