import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quoteLiteral } from '../../../shared/duckdb/sql-text.ts';
import { runRecordSchema } from '../../../shared/runs/records/run-record.ts';
import { convertToCsv } from '../../../shared/sync/upload/convert-to-csv.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { type CsvContent, readCsvWithDuckdb, readCsvWithPyarrow } from '../../support/readers/read-csv.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import { LOGIN_WARNING } from '../../support/source/login-warning.ts';
import { sourceConfig } from '../../support/source/source-config.ts';
import { DATASET, type SyncChanges, type SyncSetup, setUpSync } from '../../support/sync/sync-setup.ts';

let setup: SyncSetup;
let mariadb: MysqlServer;
/** Takes CSV and nothing else. */
let session: PolyteiaStandIn;
beforeAll(async () => {
  [setup, mariadb, session] = await Promise.all([
    setUpSync(),
    startMysql({ flavor: 'mariadb' }),
    startPolyteiaStandIn({ api: 'session', datasets: [DATASET], accepts: ['text/csv'] }),
  ]);
}, 300_000);
afterAll(() => Promise.all([setup, mariadb, session].map((each) => each?.[Symbol.asyncDispose]())));

const csv = { target: { format: 'csv' } };
const toSession = (format: string): SyncChanges => ({
  target: { format, baseUrl: session.baseUrl, organization: session.organization.slug },
  secrets: { polyteia: session.personalAccessKey },
});
const run = async (sync: Record<string, unknown>, changes: SyncChanges = csv) => {
  const result = await setup.run(sync, { ...changes, args: ['--json', ...(changes.args ?? [])] });
  return { ...result, record: runRecordSchema.parse(JSON.parse(result.stdout)) };
};
const uploaded = (polyteia = setup.polyteia) => {
  const content = polyteia.datasets.get(DATASET)?.content;
  if (!content) throw new Error('nothing was uploaded');
  return content;
};

const nasty = [
  '',
  'NULL',
  'NA',
  '007',
  ' a ',
  '"',
  'a,"b"',
  'x\ny',
  'x\r\ny',
  'x\ry',
  '\t',
  "'",
  '\\N',
  'Grüße 😀',
];
const bothReaders = [
  ['pyarrow', readCsvWithPyarrow],
  ['DuckDB', readCsvWithDuckdb],
] as const;

async function expectContent(file: string, names: string[], rows: CsvContent['rows']): Promise<void> {
  for (const [reader, read] of bothReaders) {
    const content = await read(file);
    expect({ reader, names: content.columns.map(({ name }) => name), rows: content.rows }).toEqual({
      reader,
      names,
      rows,
    });
  }
}

/** Columns of one row: its name, an expression of the source, its text in the file. */
type Value = readonly [name: string, expression: string, text: string | null];
const selectOf = (values: readonly Value[], quote: string) =>
  `SELECT ${values.map(([name, expression]) => `${expression} AS ${quote}${name}${quote}`).join(', ')}`;

const ofPostgres: readonly Value[] = [
  ['yes', 'true', 'true'],
  ['big', '9223372036854775807::bigint', '9223372036854775807'],
  [
    'amount',
    '12345678901234567890123456789012345.100::numeric(38,3)',
    '12345678901234567890123456789012345.100',
  ],
  ['any number', '1.10::numeric', '1.10'],
  ['double', '0.1::float8', '0.1'],
  ['tiny', '5e-324::float8', '5e-324'],
  ['not a number', "'NaN'::float8", 'NaN'],
  ['infinite', "'-Infinity'::float4", '-Infinity'],
  ['day', "date '2024-02-29'", '2024-02-29'],
  ['last day', "date '9999-12-31'", '9999-12-31'],
  ['moment', "timestamp '2024-02-29 23:59:59.000001'", '2024-02-29T23:59:59.000001'],
  ['with zone', "timestamptz '2024-02-29 23:59:59+02'", '2024-02-29T21:59:59Z'],
  ['time', "time '12:34:56.5'", '12:34:56.5'],
  ['span', "interval '1 mon -2 days 0.000001 s'", '1 mon -2 days +00:00:00.000001'],
  ['bytes', "'\\x00ff31'::bytea", '\\x00ff31'],
  ['id', "'0E984725-C51C-4BF4-9960-E1C80E27ABA0'::uuid", '0e984725-c51c-4bf4-9960-e1c80e27aba0'],
  ['json', `'{"a":"b,c"}'::json`, '{"a":"b,c"}'],
  ['numbers', "'{1,NULL,3}'::int[]", '[1,null,3]'],
  ['doubles', "'{0.1,NaN,NULL}'::float8[]", '[0.1,"NaN",null]'],
  ['texts', `ARRAY['a','','NULL',NULL,'q"']`, '["a","","NULL",null,"q\\""]'],
  ['none', 'NULL::int', null],
  ['no list', 'NULL::int[]', null],
  ['ü "quoted", name', '1', '1'],
];
const ofMariadb: readonly Value[] = [
  ['tiny', 'CAST(7 AS SIGNED)', '7'],
  ['big', '18446744073709551615', '18446744073709551615'],
  ['amount', 'CAST(-0.10 AS DECIMAL(10,2))', '-0.10'],
  ['double', '1e300', '1e+300'],
  ['day', "DATE '2024-02-29'", '2024-02-29'],
  ['moment', "TIMESTAMP '2024-02-29 23:59:59.000001'", '2024-02-29T23:59:59.000001'],
  ['time', "TIME '-838:59:59'", '-838:59:59'],
  ['bytes', "x'00ff31'", '\\x00ff31'],
  ['none', "NULLIF('a','a')", null],
  ['ü "quoted", name', '1', '1'],
];

describe('a target with format: csv', () => {
  it('contains every value of Postgres as two readers find it, with types that they guess right', async () => {
    const sql = selectOf(
      ofPostgres.map(([name, ...rest]) => [name.replaceAll('"', '""'), ...rest]),
      '"',
    );
    const { record, stderr } = await run({ query: sql });
    expect(stderr).not.toContain('Error');
    const { file, contentType, size } = uploaded();
    expect(contentType).toBe('text/csv');
    expect(record).toMatchObject({ state: 'succeeded', bytes: size, warnings: [LOGIN_WARNING] });
    expect(record.phases.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['export', 'convert', 'upload']),
    );
    await expectContent(
      file,
      ofPostgres.map(([name]) => name),
      [ofPostgres.map(([, , text]) => text)],
    );
    const types = Object.fromEntries(
      (await readCsvWithDuckdb(file)).columns.map(({ name, type }) => [name, type]),
    );
    expect(types).toMatchObject({
      yes: 'BOOLEAN',
      big: 'BIGINT',
      double: 'DOUBLE',
      'not a number': 'DOUBLE',
      day: 'DATE',
      moment: 'TIMESTAMP',
      'with zone': 'TIMESTAMP WITH TIME ZONE',
      bytes: 'VARCHAR',
    });
    setup.polyteia.assertNoViolations();
  });

  it('contains every value of MariaDB as two readers find it', async () => {
    const { user, password } = mariadb;
    const { stderr } = await run(
      { query: selectOf(ofMariadb, '`') },
      { ...csv, source: sourceConfig(mariadb, 'erp'), secrets: { erp: { username: user, password } } },
    );
    expect(stderr).not.toContain('Error');
    await expectContent(
      uploaded().file,
      ofMariadb.map(([name]) => name),
      [ofMariadb.map(([, , text]) => text)],
    );
  });

  it('distinguishes texts from each other and from NULL, and keeps the rows in order', async () => {
    await setup.postgres.query('DROP TABLE IF EXISTS texts; CREATE TABLE texts (n int, t text)');
    const rows = [...nasty, null].map((text, index) => [String(index), text]);
    for (const row of rows) await setup.postgres.query('INSERT INTO texts VALUES ($1, $2)', row);
    await run({ query: 'SELECT * FROM texts ORDER BY n' });
    await expectContent(uploaded().file, ['n', 't'], rows);
    expect(await readFile(uploaded().file, 'utf8')).toMatch(/^n,"t"\n0,""\n1,"NULL"\n/);
  });

  it('is only a header for an empty result', async () => {
    await run({ query: "SELECT 1 AS a, 'x' AS b WHERE false", guards: { allowEmpty: true } });
    expect(await readFile(uploaded().file, 'utf8')).toBe('a,"b"\n');
  });

  it.each([
    ["SELECT 1 AS a, date '0044-03-15 BC' AS b", 'Column "b" (DATE) contains a date before the year 1'],
    ["SELECT 1 AS a, timestamp '10000-01-01' AS b", 'Column "b" (TIMESTAMP) contains a date before'],
    ["SELECT 1 AS a, ARRAY[date '10000-01-01'] AS b", 'Column "b" (DATE[]) contains a date before'],
    [
      'SELECT NULL::int AS a',
      'Column "a" (INTEGER) contains NULL, which in a CSV file with one column looks like an empty line',
    ],
  ])('refuses %s, and leaves the dataset as it is', async (query, message) => {
    await run({ query: 'SELECT 1 AS kept' });
    const { record } = await run({ query });
    expect(record.error).toMatchObject({
      class: 'ExactnessError',
      phase: 'convert',
      message: expect.stringContaining(message),
      hint: expect.stringContaining('format: csv'),
    });
    expect(await readFile(uploaded().file, 'utf8')).toBe('kept\n1\n');
  });

  it('also takes a file that a guard refused', async () => {
    const refused = await run({ query: 'SELECT 42 AS n', guards: { minRows: 2 } });
    expect(refused.record.error?.class).toBe('GuardError');
    const { record } = await run({}, { ...csv, command: ['accept', refused.record.id] });
    expect(record).toMatchObject({ state: 'succeeded', bytes: 5 });
    expect(await readFile(uploaded().file, 'utf8')).toBe('n\n42\n');
  });
});

describe('the session API, if it only accepts CSV', () => {
  it('refuses Parquet, and the error names the setting with which an upload succeeds', async () => {
    const { record } = await run({ query: 'SELECT 1 AS a' }, toSession('parquet'));
    expect(record.error).toMatchObject({
      class: 'PolyteiaRejectedError',
      phase: 'upload',
      hint: expect.stringContaining('polyteia.<target>.format: csv'),
    });
    expect((await run({ query: 'SELECT 1 AS a' }, toSession('csv'))).record.state).toBe('succeeded');
    expect(await readFile(uploaded(session).file, 'utf8')).toBe('a\n1\n');
    session.assertNoViolations();
  });
});

describe('convertToCsv', () => {
  it('has JSON for types that only a duckdbQuery has, whatever the folder is called', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ferry csv=1 '));
    const parquet = join(folder, 'result.parquet');
    const instance = await DuckDBInstance.create(':memory:');
    try {
      const connection = await instance.connect();
      await connection.run(
        `COPY (SELECT {'x "y"': 1, 'day': NULL::DATE, 'l': ['ü']} AS s, MAP {'k': 0.5} AS m, [[1], NULL, []] AS l, NULL::STRUCT(a INT) AS n)
         TO ${quoteLiteral(parquet)} (FORMAT parquet)`,
      );
      const { file, bytes } = await convertToCsv(parquet, {
        folder,
        memoryLimitBytes: 200_000_000,
        threads: 1,
      });
      const expected = [
        '{"x \\"y\\"":1,"day":null,"l":["ü"]}',
        '[{"key":"k","value":0.5}]',
        '[[1],null,[]]',
        null,
      ];
      await expectContent(file, ['s', 'm', 'l', 'n'], [expected]);
      expect(Buffer.byteLength(await readFile(file))).toBe(bytes);
    } finally {
      instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
