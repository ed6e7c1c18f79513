import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  COLLISIONS_DATABASE,
  EMPTY_DATABASE,
  HOSTILE_DATABASE,
  OWNER,
  POSTGRES_15,
  POSTGRES_18,
  STRANGER,
  startTortureServer,
  type TortureServer,
} from '../../../support/torture-catalog/create.ts';
import { expectDatabase } from '../../../support/torture-catalog/expected-entities.ts';
import { extractTorture, RUN } from '../../../support/torture-catalog/extract.ts';

describe.each([
  { version: 15, binaries: POSTGRES_15 },
  { version: 18, binaries: POSTGRES_18 },
])('odd databases on Postgres $version', ({ binaries }) => {
  let server: TortureServer;
  beforeAll(async () => {
    server = await startTortureServer(binaries);
  });
  afterAll(() => server?.stop());

  it('writes only the database itself if it is empty', async () => {
    await using extraction = await extractTorture(server, EMPTY_DATABASE, STRANGER);
    const { lastSyncRunAt: _, ...attributes } = extraction.entities[0]?.attributes ?? {};
    expect([{ ...extraction.entities[0], attributes }]).toStrictEqual([
      expectDatabase({ ...RUN, database: EMPTY_DATABASE }, 0),
    ]);
    expect(extraction.result.entities.Database).toBe(1);
    // A type without rows has no file, not an empty one.
    expect(extraction.result.files.map(({ form, type }) => `${form}/${type}`).sort()).toEqual([
      'raw/database',
      'transformed/database',
    ]);
  });

  it('distinguishes what its names make the same', async () => {
    // That no qualifiedName is there twice, and that relations go to their own target, is asserted by the extraction.
    await using extraction = await extractTorture(server, COLLISIONS_DATABASE, OWNER);
    const { entities, result } = extraction;
    const of = (typeName: string) =>
      entities
        .filter((entity) => entity.typeName === typeName)
        .map(({ attributes }) => {
          const { schemaName = '', tableName = '' } = attributes as Record<string, unknown>;
          return [schemaName, tableName, attributes.name];
        })
        .sort();
    expect(of('Schema').map(([, , name]) => name)).toEqual(['a', 'a/b', 'public']);
    expect(of('Table')).toEqual([
      ['a', '', '_procedures_'],
      ['a', '', 'b'],
      ['a', '', 'b/c'],
      ['a', '', 'b/d'],
      ['a/b', '', 'c'],
      ['a/b', '', 'c/z'],
    ]);
    expect(of('Column')).toEqual([
      ['a', '_procedures_', 'f/g'],
      ['a', 'b', 'c'],
      ['a', 'b', 'd/e'],
      ['a', 'b/c', 'x'],
      ['a', 'b/d', 'e'],
      ['a/b', 'c', 'y'],
      ['a/b', 'c', 'z/x'],
      ['a/b', 'c/z', 'x'],
    ]);
    expect(of('Procedure').map(([, , name]) => name)).toEqual(['f', 'f', 'f(integer)', 'f/g']);

    // The first of two keeps its name as it is, the later one does not; columns go with their table.
    const qualifiedName = (schema: string, name: string, table?: string) =>
      entities.find(({ attributes }) => {
        const { schemaName, tableName } = attributes as Record<string, unknown>;
        return schemaName === schema && attributes.name === name && tableName === table;
      })?.attributes.qualifiedName;
    const database = `${RUN.connection.qualifiedName}/${COLLISIONS_DATABASE}`;
    expect(qualifiedName('a', 'b/c')).toBe(`${database}/a/b/c`);
    expect(qualifiedName('a', 'x', 'b/c')).toBe(`${database}/a/b/c/x`);
    expect(qualifiedName('a/b', 'c')).toBe(`${database}/a%2Fb/c`);
    expect(qualifiedName('a/b', 'y', 'c')).toBe(`${database}/a%2Fb/c/y`);
    expect(result.warnings.length).toBeGreaterThan(0);
  });

  it('reads what the server itself cannot describe', async () => {
    await using extraction = await extractTorture(server, HOSTILE_DATABASE, STRANGER);
    const relations = extraction.entities.flatMap(({ attributes: { name }, customAttributes: custom }) =>
      'table_type' in custom
        ? [{ name, type: custom.table_type, insertable: custom.is_insertable_into }]
        : [],
    );
    expect(relations).toEqual([
      { name: 'no_handler', type: 'FOREIGN TABLE', insertable: 'NO' },
      { name: 'over_no_handler', type: 'VIEW', insertable: 'NO' },
      { name: 'sound', type: 'TABLE', insertable: 'YES' },
    ]);
  });
});
