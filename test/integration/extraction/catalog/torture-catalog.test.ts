import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AtlanEntity } from '../../../support/extraction/atlan-contract.ts';
import {
  OWNER,
  POSTGRES_15,
  POSTGRES_18,
  STRANGER,
  startTortureServer,
  TORTURE_DATABASE,
  type TortureServer,
} from '../../../support/torture-catalog/create.ts';
import { type ExpectedEntity, expectedEntities } from '../../../support/torture-catalog/expected-entities.ts';
import { extractTorture, RUN, type TortureExtraction } from '../../../support/torture-catalog/extract.ts';
import { readServerTexts } from '../../../support/torture-catalog/server-texts.ts';

const types = [
  'Database',
  'Schema',
  'Table',
  'View',
  'MaterialisedView',
  'TablePartition',
  'Column',
  'Procedure',
];

describe.each([
  { version: 15, binaries: POSTGRES_15 },
  { version: 18, binaries: POSTGRES_18 },
])('the torture catalog on Postgres $version', ({ version, binaries }) => {
  let server: TortureServer;
  let temporary: pg.Client;
  beforeAll(async () => {
    server = await startTortureServer(binaries);
    // Temporary tables and routines of a session that stays open: nobody else can see into them.
    temporary = await server.connect(TORTURE_DATABASE);
    await temporary.query(`CREATE TEMP TABLE orders (a integer); CREATE TEMP VIEW fleeting AS SELECT 1 AS a;
      CREATE FUNCTION pg_temp.fleeting() RETURNS integer LANGUAGE sql AS 'SELECT 1'`);
  });
  afterAll(async () => {
    await temporary?.end();
    await server?.stop();
  });

  describe.each([
    { who: 'its owner', login: OWNER },
    { who: 'a login without any privilege', login: STRANGER },
  ])('read by $who', ({ login }) => {
    let extraction: TortureExtraction;
    let expected: ExpectedEntity[];
    beforeAll(async () => {
      const client = await server.connect(TORTURE_DATABASE, login);
      const run = { ...RUN, database: TORTURE_DATABASE };
      expected = expectedEntities(run, version, await readServerTexts(client));
      await client.end();
      extraction = await extractTorture(server, TORTURE_DATABASE, login);
    });
    afterAll(() => extraction?.[Symbol.asyncDispose]());

    it.each(types)('has every %s, and no other', (type) => {
      const names = (entities: readonly { typeName: string; attributes: { qualifiedName: string } }[]) =>
        entities
          .filter(({ typeName }) => typeName === type)
          .map(({ attributes }) => attributes.qualifiedName)
          .sort();
      expect(names(extraction.entities)).toEqual(names(expected));
    });

    it.each(types)('has each attribute of every %s', (type) => {
      const byName = new Map(expected.map((entity) => [entity.attributes.qualifiedName, entity]));
      const different = extraction.entities
        .filter(({ typeName }) => typeName === type)
        .map((entity) => [withoutTime(entity), byName.get(entity.attributes.qualifiedName)] as const);
      expect(different.length).toBeGreaterThan(0);
      for (const [entity, wanted] of different)
        expect(entity, entity.attributes.qualifiedName).toStrictEqual(wanted);
    });

    it('says when it was read, in milliseconds', () => {
      for (const { attributes } of extraction.entities) {
        expect(attributes.lastSyncRunAt).toBeGreaterThanOrEqual(extraction.from);
        expect(attributes.lastSyncRunAt).toBeLessThanOrEqual(extraction.until);
      }
    });

    it('counts what it wrote', () => {
      const counts = types.map((type) => [type, expected.filter(({ typeName }) => typeName === type).length]);
      expect(extraction.result).toMatchObject({
        database: TORTURE_DATABASE,
        entities: Object.fromEntries(counts),
        warnings: [],
      });
    });

    it('writes the columns of a table in their order', () => {
      const orders = extraction.entities.flatMap(({ attributes }) =>
        'order' in attributes
          ? [{ of: attributes.qualifiedName.slice(0, -attributes.name.length), ...attributes }]
          : [],
      );
      for (const [at, column] of orders.entries()) {
        const before = orders[at - 1];
        if (before?.of === column.of) expect(column.order).toBeGreaterThan(before.order);
      }
      // All of a table's stand together.
      const runs = orders.filter((column, at) => orders[at - 1]?.of !== column.of);
      expect(new Set(runs.map(({ of }) => of)).size).toBe(runs.length);
    });
  });
});

function withoutTime(entity: AtlanEntity) {
  const { lastSyncRunAt: _, ...attributes } = entity.attributes;
  return { ...entity, attributes };
}
