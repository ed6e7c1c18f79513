import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runRecordSchema } from '../../../shared/runs/records/run-record.ts';
import { runFerry } from '../../support/cli/ferry-command.ts';
import { readParquetWithPyarrow } from '../../support/readers/read-parquet.ts';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { DATASET, type SyncSetup, setUpSync } from '../../support/sync/sync-setup.ts';

let setup: SyncSetup;
beforeAll(async () => {
  setup = await setUpSync();
  await setup.postgres.query(`
    CREATE TABLE orders (id int, customer text, total numeric(10,2), due date, placed timestamptz, "Größe in m²" float8);
    INSERT INTO orders VALUES
      (1, 'Müller & Söhne', 1234.50, '2026-02-28', '2026-02-01 12:30:00.123456+01', 0.1),
      (2, 'Straßenbauamt "Süd"', -0.01, NULL, NULL, 'NaN'),
      (3, NULL, 99999999.99, '1999-12-31', '1970-01-01 00:00:00+00', 1e300)`);
});
afterAll(() => setup[Symbol.asyncDispose]());

const contentFile = () => {
  const file = setup.polyteia.datasets.get(DATASET)?.content?.file;
  if (!file) throw new Error('nothing was uploaded');
  return file;
};

describe('a sync', () => {
  it('replaces the dataset by a Parquet file that another reader finds right, and leaves nothing behind', async () => {
    const query = 'SELECT * FROM orders ORDER BY id; -- all of them';
    const result = await setup.run({ query }, { ownProcess: true });
    expect(result.stderr).not.toContain('Error');
    expect(result).toMatchObject({ exitCode: 0, leftovers: [] });
    expect(result.stdout).toMatch(/^orders succeeded \(uploaded\): 3 rows, \d+(\.\d)? k?B, /);
    expect(await readParquetWithPyarrow(contentFile())).toEqual({
      rowCount: 3,
      columns: [
        { name: 'id', type: 'int32' },
        { name: 'customer', type: 'string' },
        { name: 'total', type: 'decimal128(10, 2)' },
        { name: 'due', type: 'date32[day]' },
        { name: 'placed', type: 'timestamp[us, tz=UTC]' },
        { name: 'Größe in m²', type: 'double' },
      ],
      rows: [
        [1, 'Müller & Söhne', '1234.50', '2026-02-28', '2026-02-01T11:30:00.123456Z', 0.1],
        [2, 'Straßenbauamt "Süd"', '-0.01', null, null, 'NaN'],
        [3, null, '99999999.99', '1999-12-31', '1970-01-01T00:00:00.000000Z', 1e300],
      ],
    });
    setup.polyteia.assertNoViolations();
  });

  it('sends the file with a known length, and a token requested right before', async () => {
    const from = setup.polyteia.calls.length;
    await setup.run();
    const calls = setup.polyteia.calls.slice(from);
    expect(calls.map(({ on }) => on)).toEqual([
      'get_dataset',
      'generate_dataset_upload_token',
      'upload',
      'get_dataset',
    ]);
    const upload = calls[2];
    expect(upload?.contentLength).toBeGreaterThan(upload?.file?.size ?? Number.POSITIVE_INFINITY);
    expect(upload?.headers).not.toHaveProperty('authorization');
  });

  it.each([
    ['a Postgres', 'postgres', async () => ({ ...setup.postgres, [Symbol.asyncDispose]: async () => {} })],
    ['a MariaDB', 'mysql', () => startMysql({ flavor: 'mariadb' })],
  ])('finds %s by its secret alone, as RDS writes it', async (_what, type, start) => {
    await using server = await start();
    const { host, port, user: username, password, database: dbname } = server;
    const nowhere = { host: undefined, port: undefined, database: undefined };
    const result = await setup.run(
      { query: 'SELECT 42 AS n' },
      {
        source: { type, ...nowhere },
        secrets: { erp: { engine: type, username, password, host, port, dbname } },
      },
    );
    expect(result).toMatchObject({ exitCode: 0, leftovers: [] });
    expect((await readParquetWithPyarrow(contentFile())).rows).toEqual([[42]]);
  });

  it('prints with --json one document on stdout, the record that is also in the state folder', async () => {
    const result = await setup.run({}, { args: ['--json'] });
    const record = runRecordSchema.parse(JSON.parse(result.stdout));
    expect(record).toMatchObject({
      job: 'orders',
      state: 'succeeded',
      outcome: 'uploaded',
      trigger: 'cli',
      rows: 3,
      schema: expect.arrayContaining([{ name: 'total', type: 'DECIMAL(10,2)' }]),
    });
    expect(record.phases.map(({ name }) => name)).toEqual([
      'check target',
      'connect',
      'describe',
      'export',
      'guards',
      'upload',
      'verify',
    ]);
    const listed = await runFerry(['runs', '--json', '--limit', '1'], { folder: setup.folder });
    expect(JSON.parse(listed.stdout)).toEqual([record]);
    const files = await readdir(join(setup.folder, '.ferry', 'jobs', 'orders', 'runs'));
    expect(files.filter((name) => name.includes(record.id))).toHaveLength(1);
  });

  it('reads DuckDB SQL over the source attached as db, as the Go connector did', async () => {
    const result = await setup.run({
      duckdbQuery:
        "WITH big AS (SELECT * FROM db.public.orders WHERE id > 1) SELECT count(*) AS n, 'ü' AS u FROM big",
    });
    expect(result.exitCode).toBe(0);
    expect((await readParquetWithPyarrow(contentFile())).rows).toEqual([[2, 'ü']]);
  });

  it('runs a .env file of the Go connector as it is', async () => {
    const { postgres, polyteia } = setup;
    const { writeFile } = await import('node:fs/promises');
    await writeFile(
      join(setup.folder, 'connector.env'),
      `PERSONAL_ACCESS_TOKEN=${polyteia.personalAccessKey}
POLYTEIA_BASE_URL=${polyteia.baseUrl}
DATASET_ID=${DATASET}
SOURCE_DATABASE_TYPE=postgres
SOURCE_DATABASE_HOST=${postgres.host}
SOURCE_DATABASE_PORT=${postgres.port}
SOURCE_DATABASE_USER=${postgres.user}
SOURCE_DATABASE_PASSWORD=${postgres.password}
SOURCE_DATABASE_NAME=${postgres.database}
SOURCE_DATABASE_SQL_QUERY="SELECT id FROM db.orders WHERE id = 2;"
`,
    );
    const result = await runFerry(['run', 'default', '--config', 'connector.env'], { folder: setup.folder });
    expect(result.stderr).toContain('warning: The connection to the source is not encrypted');
    expect(result.exitCode).toBe(0);
    expect((await readParquetWithPyarrow(contentFile())).rows).toEqual([[2]]);
  });

  it('stops on Ctrl-C: exit code 130, dataset as it was, nothing left behind', async () => {
    const before = await readFile(contentFile());
    const result = await setup.run(
      // Longer than a test may take.
      { query: 'SELECT pg_sleep(600)' },
      {
        args: ['--json'],
        ownProcess: true,
        onStderr: (text) => (text.includes('describe') ? 'SIGINT' : undefined),
        // Well into the query, when nothing but the source itself can end it.
        signalDelayMs: 2_000,
      },
    );
    expect(result).toMatchObject({ exitCode: 130, leftovers: [] });
    expect(JSON.parse(result.stdout)).toMatchObject({
      state: 'cancelled',
      error: { class: 'CancelledError' },
    });
    expect(await readFile(contentFile())).toEqual(before);
    // It was cancelled at the source, where nothing runs on.
    const { rows } = await setup.postgres.query(
      "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()",
    );
    expect(rows).toEqual([]);
    setup.polyteia.assertNoViolations();
  });
});
