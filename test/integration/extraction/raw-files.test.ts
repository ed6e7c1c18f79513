import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EntityFolder, entityFolders } from '../../../shared/source/catalog/entity-folders.ts';
import { placeOfRow, placesInFiles, type RawRow, readRawFiles } from '../../support/extraction/raw-files.ts';
import { pythonEnvironment } from '../../support/processes/python.ts';
import {
  POSTGRES_15,
  POSTGRES_18,
  STRANGER,
  startTortureServer,
  TORTURE_DATABASE,
  type TortureServer,
} from '../../support/torture-catalog/create.ts';
import { extractTorture, type TortureExtraction } from '../../support/torture-catalog/extract.ts';
import { schemaNames } from '../../support/torture-catalog/facts/all-facts.ts';

describe.each([
  { version: 15, binaries: POSTGRES_15 },
  { version: 18, binaries: POSTGRES_18 },
])('the files of the torture catalog on Postgres $version', ({ binaries }) => {
  let server: TortureServer;
  let whole: TortureExtraction;
  beforeAll(async () => {
    // Made on first use, which takes longer than a test may.
    await pythonEnvironment();
    server = await startTortureServer(binaries);
    whole = await extractTorture(server, TORTURE_DATABASE, STRANGER);
  });
  afterAll(async () => {
    await whole?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  it.each(entityFolders)(
    'has one raw row for each entity of %s, in its order, with the declared types',
    async (type) => {
      const of = whole.result.files
        .filter((file) => file.type === type)
        .sort((one, other) => one.form.localeCompare(other.form));
      expect(of.map(({ form, chunk, part }) => ({ form, chunk, part }))).toEqual([
        { form: 'raw', chunk: 1, part: 1 },
        { form: 'transformed', chunk: 1, part: 1 },
      ]);
      const [raw, transformed] = of;
      const rows = await readRaw(whole, type);
      expect([raw?.rows, transformed?.rows]).toEqual([rows.length, rows.length]);
      expect(rows.map((row) => placeOfRow(type, row))).toEqual(
        await placesInFiles([transformed?.path ?? '']),
      );
    },
  );

  it('has everything that the server says about the database', async () => {
    const { rows } = await server.query<{ attname: string }>(
      `SELECT attname FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_database'::regclass AND attnum > 0 AND NOT attisdropped`,
    );
    const [database] = await readRaw(whole, 'database');
    expect(Object.keys(database ?? {})).toEqual(expect.arrayContaining(rows.map(({ attname }) => attname)));
    expect(database).toMatchObject({
      datname: TORTURE_DATABASE,
      database_name: TORTURE_DATABASE,
      schema_count: schemaNames.length,
    });
  });

  it('has facts in its raw rows that entities have no place for', async () => {
    const columns = await readRaw(whole, 'column');
    const find = (table: string, column: string) =>
      columns.find((row) => row.table_name === table && row.column_name === column);
    expect(find('order_lines', 'order_id')).toMatchObject({
      table_catalog: TORTURE_DATABASE,
      table_schema: 'app',
      ordinal_position: 1,
      is_nullable: 'NO',
      data_type: 'int8',
      table_type: 'TABLE',
    });
    expect(find('counters', 'taken')?.column_def).toBe("nextval('app.numbers_from'::regclass)");
    // The comment as it was made: only the entity's is cleaned up.
    expect(find('comparison', 'a')?.remarks).toBe('a < b and b > c');
    const tables = await readRaw(whole, 'table');
    const ofTable = (schema: string, name: string) =>
      tables.find((row) => row.table_schema === schema && row.table_name === name);
    expect(ofTable('parts', 'two_low')).toMatchObject({
      is_partition: true,
      parent_table_name: 'by_two',
      partition_constraint: 'FOR VALUES FROM (MINVALUE, MINVALUE) TO (10, MAXVALUE)',
    });
    expect(ofTable('parts', 'by_two')).toMatchObject({
      table_kind: 'p',
      partition_strategy: 'r',
      partition_count: 2,
      number_columns_in_part_key: 2,
      columns_participating_in_part_key: '1 2',
    });
    expect(ofTable('app', 'people')).toMatchObject({
      is_typed: 'YES',
      user_defined_type_schema: 'app',
      user_defined_type_name: 'person',
    });
    expect(ofTable('said', 'html')?.remarks).toBe(
      '<p class="x">Main  <b>orders</b>\n\n table</p>\r\n with <br/>breaks',
    );
  });

  it('reports the size and SHA-256 of each file', async () => {
    for (const { path, bytes, sha256 } of whole.result.files) {
      const content = await readFile(path);
      expect({ path, bytes, sha256 }).toEqual({
        path,
        bytes: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
      });
    }
  });

  it.each([
    { layout: 'app', raw: 40, transformed: 40 },
    { layout: 'sdk', raw: 100, transformed: 40 },
    { layout: 'nobody', raw: 1, transformed: 1 },
  ])('splits them like $layout, and loses nothing', async ({ raw, transformed }) => {
    await using cut = await extractTorture(server, TORTURE_DATABASE, STRANGER, {
      rowsPerFile: { raw, transformed },
      ...(raw === 1 && {
        filters: { include: { '.*': ['app_extra|twins_.'] }, exclude: {}, tempTableRegex: '' },
      }),
    });
    for (const type of entityFolders) {
      const of = cut.result.files.filter((file) => file.type === type);
      const chunks = of.filter(({ form }) => form === 'raw');
      expect(chunks.map(({ chunk, part }) => [chunk, part])).toEqual(chunks.map((_, at) => [at + 1, 1]));
      const rawRows = await readRawFiles(chunks);
      for (const [at, chunk] of chunks.entries()) {
        // All but the last one are full.
        if (at < chunks.length - 1) expect(chunk.rows).toBe(raw);
        expect(chunk.rows).toBeLessThanOrEqual(raw);
        const rows = rawRows[at] ?? [];
        expect(rows).toHaveLength(chunk.rows);
        const parts = of.filter((file) => file.form === 'transformed' && file.chunk === chunk.chunk);
        expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index + 1));
        expect(parts.reduce((sum, { rows }) => sum + rows, 0)).toBe(chunk.rows);
        for (const part of parts) expect(part.rows).toBeLessThanOrEqual(transformed);
        // Not only as many: the same ones, in the same order.
        const places = await placesInFiles(parts.map(({ path }) => path));
        expect(rows.map((row) => placeOfRow(type, row))).toEqual(places);
      }
    }
    expect(new Set(cut.result.files.map(({ path }) => path)).size).toBe(cut.result.files.length);
    if (raw === 1) expect(cut.entities.length).toBeGreaterThan(10);
    else expect(namesOf(cut)).toEqual(namesOf(whole));
    expect(cut.result.statements).toBe(whole.result.statements);
  });
});

function namesOf({ entities }: TortureExtraction) {
  return entities.map(({ typeName, attributes }) => `${typeName} ${attributes.qualifiedName}`);
}

async function readRaw({ result }: TortureExtraction, type: EntityFolder): Promise<RawRow[]> {
  const [rows = []] = await readRawFiles(
    result.files.filter((one) => one.form === 'raw' && one.type === type),
  );
  return rows;
}
