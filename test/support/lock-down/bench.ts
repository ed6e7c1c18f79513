import { readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { FerryError } from '../../../shared/errors.ts';
import { exportParquet } from '../../../shared/source/query/export-parquet.ts';
import { prepareQuery } from '../../../shared/source/query/prepare-query.ts';
import { SourceSession } from '../../../shared/source/sessions/session.ts';
import { queryOf } from '../../../shared/sync/open-sync-session.ts';
import { startMysql } from '../servers/mysql-server.ts';
import { startPostgres } from '../servers/postgres-server.ts';
import { parseSync, type TestServer } from '../sync/read-through-ferry.ts';
import { setUpSync } from '../sync/sync-setup.ts';
import { startCounter } from './counter.ts';

export const FILE_CANARY = 'canary-of-a-file';
const ENVIRONMENT_CANARY = 'canary-of-the-environment';
export const DECOY_CANARY = 'canary-of-another-server';
const SOURCE_CANARY = 'canary-of-the-source';
export const ROWS = [
  [1, SOURCE_CANARY],
  [2, "it's"],
  [3, 'C:\\temp'],
];
export const ODD_COLUMN = 'a" FROM x; DROP TABLE orders; --';

const createMysqlTables = String.raw`
  CREATE TABLE orders (id int PRIMARY KEY, note varchar(100));
  INSERT INTO orders VALUES (1, '${SOURCE_CANARY}'), (2, 'it''s'), (3, 'C:\\temp');
  CREATE TABLE ${'`x.parquet`'} (${'`a" FROM x; DROP TABLE orders; --`'} int);
  INSERT INTO ${'`x.parquet`'} VALUES (1)`;

export type LockDownBench = Awaited<ReturnType<typeof startBench>>;

/** The sources, and around them everything that a query must not touch. */
export async function startBench() {
  const temporaryBefore = process.env.TMPDIR;
  const [setup, mariadb, mysql, decoys] = await Promise.all([
    setUpSync(),
    // A server that would take a local file from its client, and write into any folder.
    startMysql({ settings: { local_infile: '1', secure_file_priv: '' } }),
    startMysql({ flavor: 'mysql', settings: { local_infile: '1', secure_file_priv: '' } }),
    Promise.all([startPostgres(), startMysql()]).then(([first, second]) => ({
      postgres: first,
      mariadb: second,
    })),
  ]);
  const { postgres } = setup;
  await Promise.all([
    postgres.query(`
      CREATE TABLE orders (id int, note text);
      INSERT INTO orders VALUES (1, '${SOURCE_CANARY}'), (2, 'it''s'), (3, 'C:\\temp');
      CREATE TABLE "x.parquet" ("${ODD_COLUMN.replace('"', '""')}" int, "b\\'" numeric);
      INSERT INTO "x.parquet" VALUES (1, 1.5);
      CREATE SEQUENCE numbers`),
    mariadb.query(createMysqlTables),
    mysql.query(createMysqlTables),
    decoys.postgres.query(`CREATE TABLE canary AS SELECT '${DECOY_CANARY}' AS value`),
    decoys.mariadb.query(`CREATE TABLE canary AS SELECT '${DECOY_CANARY}' AS value`),
  ]);
  const [toPostgres, toMariadb, http] = await Promise.all([
    startCounter(decoys.postgres.port),
    startCounter(decoys.mariadb.port),
    startCounter(),
  ]);
  const counters = { postgres: toPostgres, mariadb: toMariadb, http };

  // Files that nobody may read, in a folder in which anybody may write.
  const outside = await mkdtemp(join(tmpdir(), 'ferry-outside-'));
  await chmod(outside, 0o777);
  // The only place for temporary files.
  const sandbox = await mkdtemp(join(tmpdir(), 'ferry-sandbox-'));
  for (const name of ['secret.txt', 'secret.csv'])
    await writeFile(join(outside, name), `value\n${FILE_CANARY}\n`);
  await writeFile(join(outside, 'secret.json'), JSON.stringify([{ value: FILE_CANARY }]));
  // A DuckDB that may do everything.
  const observer = await (await DuckDBInstance.create()).connect();
  await observer.run(`COPY (SELECT '${FILE_CANARY}' AS value) TO '${outside}/secret.parquet'`);
  await observer.run(`ATTACH '${outside}/secret.db' AS secret`);
  await observer.run(`CREATE TABLE secret.value AS SELECT '${FILE_CANARY}' AS value`);
  await observer.run('DETACH secret');

  process.env.FERRY_LOCK_DOWN_CANARY = ENVIRONMENT_CANARY;
  process.env.TMPDIR = sandbox;

  const opened = new Map<string, ReturnType<typeof openSession>>();
  return {
    setup,
    postgres,
    mariadb,
    mysql,
    counters,
    observer,

    /** What notices when something outside was touched. */
    touched: () =>
      JSON.stringify({
        decoys: [counters.postgres.connections, counters.mariadb.connections],
        http: counters.http.connections,
        outside: readdirSync(outside).sort(),
        here: readdirSync(process.cwd()).filter((name) => name.includes('ferry-marker')),
        // Those of the sessions that all attempts share, which look after themselves.
        leftovers: readdirSync(sandbox).filter((name) => !name.startsWith('ferry session')),
      }),

    /** An attempt with what is only known once the servers run: {file} without its ending, {marker}, {pg} and {my}, {http}. */
    fill(text: string): string {
      const { postgres: toPostgres, mariadb: toMariadb, http } = counters;
      return text
        .replaceAll('{file}', join(outside, 'secret'))
        .replaceAll('{marker}', join(outside, 'ferry-marker'))
        .replaceAll(
          '{pg}',
          `host=127.0.0.1 port=${toPostgres.port} user=postgres password=${decoys.postgres.password} dbname=postgres`,
        )
        .replaceAll(
          '{my}',
          `host=127.0.0.1 port=${toMariadb.port} user=ferry password=${decoys.mariadb.password} database=ferry ssl_mode=disabled`,
        )
        .replaceAll('{http}', `http://127.0.0.1:${http.port}`);
    },

    openSession: (server: TestServer, parallel: boolean) =>
      openSession(server === postgres ? 'postgres' : 'mysql', server, parallel),

    /** What a sync reads, up to the Parquet file, and that file's content as another DuckDB finds it. */
    async read(server: TestServer, fields: Record<string, unknown>) {
      const { sync } = parseSync(server === postgres ? 'postgres' : 'mysql', fields);
      const query = await queryOf(sync);
      const key = `${server.port} ${query.kind}`;
      const type = server === postgres ? 'postgres' : 'mysql';
      const opening =
        opened.get(key) ?? openSession(type, server, type === 'postgres' && query.kind === 'duckdb');
      opened.set(key, opening);
      const { session, folder } = await opening;
      const before = readdirSync(folder, { recursive: true });
      try {
        const prepared = await prepareQuery(session, query, { mode: sync.types, overrides: sync.columns });
        await exportParquet(session, prepared, 'result.parquet');
        expect(readdirSync(session.outputFolder)).toEqual(['result.parquet']);
        return await readParquet(observer, join(session.outputFolder, 'result.parquet'));
      } finally {
        await rm(join(session.outputFolder, 'result.parquet'), { force: true });
        expect(readdirSync(folder, { recursive: true })).toEqual(before);
      }
    },

    async stop() {
      if (temporaryBefore === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = temporaryBefore;
      delete process.env.FERRY_LOCK_DOWN_CANARY;
      for (const each of await Promise.all(opened.values())) await each[Symbol.asyncDispose]();
      for (const counter of Object.values(counters)) counter.stop();
      await Promise.all([
        setup[Symbol.asyncDispose](),
        mariadb.stop(),
        mysql.stop(),
        decoys.postgres.stop(),
        decoys.mariadb.stop(),
        rm(outside, { recursive: true, force: true }),
        rm(sandbox, { recursive: true, force: true }),
      ]);
    },
  };
}

export const canaries = [FILE_CANARY, ENVIRONMENT_CANARY, DECOY_CANARY, SOURCE_CANARY, 'root:x:0'];

export async function expectRefusal(attempt: Promise<unknown>): Promise<void> {
  const error = await attempt.then(
    (result) => new Error(`Not refused: ${JSON.stringify(result)}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FerryError)) throw error;
  expect(['QueryError', 'ConfigError', 'ExactnessError']).toContain(error.class);
  for (const canary of canaries) expect(`${error.message} ${error.hint}`).not.toContain(canary);
}

/** A session as a run opens it. Each source has one for all attempts, as only what they do is looked at here. */
async function openSession(type: 'postgres' | 'mysql', server: TestServer, parallel: boolean) {
  const folder = await mkdtemp(join(tmpdir(), 'ferry session ü '));
  const { source } = parseSync(type, { query: 'SELECT 1' });
  const session = await SourceSession.open({
    source,
    login: { ...server, username: server.user },
    folder,
    extensionFolders: [PROJECT_EXTENSIONS],
    memoryLimitBytes: 1_000_000_000,
    threads: 2,
    mode: 'exact',
    parallel,
  });
  return {
    session,
    folder,
    async [Symbol.asyncDispose]() {
      session.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function readParquet(
  observer: DuckDBConnection,
  file: string,
): Promise<{ names: string[]; rows: unknown[][] }> {
  const reader = await observer.runAndReadAll('SELECT * FROM read_parquet($1)', [file]);
  const rows = reader
    .getRowsJS()
    .map((row) => row.map((value) => (typeof value === 'bigint' ? Number(value) : value)));
  return { names: reader.columnNames(), rows };
}

/** Test names without what a terminal cannot show, and short. */
export const named = (attempts: readonly string[]) =>
  attempts.map((sql) => [JSON.stringify(sql).slice(1, 100), sql] as const);
