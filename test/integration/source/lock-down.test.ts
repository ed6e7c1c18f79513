import { readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../cli/session-options.ts';
import { findExtension } from '../../../shared/duckdb/extensions.ts';
import { FerryError } from '../../../shared/errors.ts';
import { exportParquet } from '../../../shared/source/query/export-parquet.ts';
import { prepareQuery } from '../../../shared/source/query/prepare-query.ts';
import { SourceSession } from '../../../shared/source/session.ts';
import { queryOf } from '../../../shared/sync/open-sync-session.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { parseSync, type TestServer } from '../../support/sync/read-through-ferry.ts';
import { type SyncSetup, setUpSync } from '../../support/sync/sync-setup.ts';

// A sync's query reads its source and writes its output file: everything else is out of its reach. Each attempt is refused with an
// error that people can read, or is harmless and gives just the data; after each of them nothing outside has been touched.

const FILE_CANARY = 'canary-of-a-file';
const ENVIRONMENT_CANARY = 'canary-of-the-environment';
const DECOY_CANARY = 'canary-of-another-server';
const SOURCE_CANARY = 'canary-of-the-source';
const ROWS = [
  [1, SOURCE_CANARY],
  [2, "it's"],
  [3, 'C:\\temp'],
];
const ODD_COLUMN = 'a" FROM x; DROP TABLE orders; --';

/** A port of this machine that counts who connects to it, and leads to another one when there is one. */
interface Counter {
  port: number;
  connections: number;
  stop(): void;
}

async function startCounter(target?: number): Promise<Counter> {
  const sockets = new Set<Socket>();
  const counter: Counter = {
    port: 0,
    connections: 0,
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  const server = createServer((socket) => {
    counter.connections += 1;
    const ends = target === undefined ? [socket] : [socket, connect({ host: '127.0.0.1', port: target })];
    for (const end of ends) {
      sockets.add(end);
      end.on('error', () => {});
    }
    const [, onward] = ends;
    if (onward) socket.pipe(onward).pipe(socket);
    else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\na\n1\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  counter.port = (server.address() as AddressInfo).port;
  return counter;
}

let setup: SyncSetup;
let postgres: PostgresServer;
let mariadb: MysqlServer;
let mysql: MysqlServer;
let decoys: { postgres: PostgresServer; mariadb: MysqlServer };
let counters: { postgres: Counter; mariadb: Counter; http: Counter };
/** Files that nobody may read, in a folder in which anybody may write. */
let outside: string;
/** The only place for temporary files. */
let sandbox: string;
/** A DuckDB that may do everything. */
let observer: DuckDBConnection;
const temporaryBefore = process.env.TMPDIR;

const createMysqlTables = String.raw`
  CREATE TABLE orders (id int PRIMARY KEY, note varchar(100));
  INSERT INTO orders VALUES (1, '${SOURCE_CANARY}'), (2, 'it''s'), (3, 'C:\\temp');
  CREATE TABLE ${'`x.parquet`'} (${'`a" FROM x; DROP TABLE orders; --`'} int);
  INSERT INTO ${'`x.parquet`'} VALUES (1)`;

beforeAll(async () => {
  [setup, mariadb, mysql, decoys] = await Promise.all([
    setUpSync(),
    // A server that would take a local file from its client, and write into any folder.
    startMysql({ settings: { local_infile: '1', secure_file_priv: '' } }),
    startMysql({ flavor: 'mysql', settings: { local_infile: '1', secure_file_priv: '' } }),
    Promise.all([startPostgres(), startMysql()]).then(([first, second]) => ({
      postgres: first,
      mariadb: second,
    })),
  ]);
  ({ postgres } = setup);
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
  counters = { postgres: toPostgres, mariadb: toMariadb, http };

  outside = await mkdtemp(join(tmpdir(), 'ferry-outside-'));
  await chmod(outside, 0o777);
  sandbox = await mkdtemp(join(tmpdir(), 'ferry-sandbox-'));
  for (const name of ['secret.txt', 'secret.csv'])
    await writeFile(join(outside, name), `value\n${FILE_CANARY}\n`);
  await writeFile(join(outside, 'secret.json'), JSON.stringify([{ value: FILE_CANARY }]));
  observer = await (await DuckDBInstance.create()).connect();
  await observer.run(`COPY (SELECT '${FILE_CANARY}' AS value) TO '${outside}/secret.parquet'`);
  await observer.run(`ATTACH '${outside}/secret.db' AS secret`);
  await observer.run(`CREATE TABLE secret.value AS SELECT '${FILE_CANARY}' AS value`);
  await observer.run('DETACH secret');

  process.env.FERRY_LOCK_DOWN_CANARY = ENVIRONMENT_CANARY;
  process.env.TMPDIR = sandbox;
});

afterAll(async () => {
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
});

/** Counted before the attempts, when the detectors were tried out. */
let baseline: string;
const touched = () =>
  JSON.stringify({
    decoys: [counters.postgres.connections, counters.mariadb.connections],
    http: counters.http.connections,
    outside: readdirSync(outside).sort(),
    here: readdirSync(process.cwd()).filter((name) => name.includes('ferry-marker')),
    // Those of the sessions that all attempts share, which look after themselves.
    leftovers: readdirSync(sandbox).filter((name) => !name.startsWith('ferry session')),
  });

afterEach(() => {
  expect(touched()).toBe(baseline);
});

/** An attempt with what is only known once the servers run: {file} without its ending, {marker}, {pg} and {my}, {http}. */
function fill(text: string): string {
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
}

const canaries = [FILE_CANARY, ENVIRONMENT_CANARY, DECOY_CANARY, SOURCE_CANARY, 'root:x:0'];

async function expectRefusal(attempt: Promise<unknown>): Promise<void> {
  const error = await attempt.then(
    (result) => new Error(`Not refused: ${JSON.stringify(result)}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FerryError)) throw error;
  expect(['QueryError', 'ConfigError', 'ExactnessError']).toContain(error.class);
  for (const canary of canaries) expect(`${error.message} ${error.hint}`).not.toContain(canary);
}

/** A session as a run opens it. Each source has one for all attempts, as only what they do is looked at here. */
async function openSession(server: TestServer, parallel: boolean) {
  const folder = await mkdtemp(join(tmpdir(), 'ferry session ü '));
  const { source } = parseSync(server === postgres ? 'postgres' : 'mysql', { query: 'SELECT 1' });
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

type OpenSession = Awaited<ReturnType<typeof openSession>>;
const opened = new Map<string, Promise<OpenSession>>();

/** What a sync reads, up to the Parquet file, and that file's content as another DuckDB finds it. */
async function read(server: TestServer, fields: Record<string, unknown>) {
  const { sync } = parseSync(server === postgres ? 'postgres' : 'mysql', fields);
  const query = await queryOf(sync);
  const key = `${server.port} ${query.kind}`;
  const opening = opened.get(key) ?? openSession(server, server === postgres && query.kind === 'duckdb');
  opened.set(key, opening);
  const { session, folder } = await opening;
  const before = readdirSync(folder, { recursive: true });
  try {
    const prepared = await prepareQuery(session, query, { mode: sync.types, overrides: sync.columns });
    await exportParquet(session, prepared, 'result.parquet');
    expect(readdirSync(session.outputFolder)).toEqual(['result.parquet']);
    return await readParquet(join(session.outputFolder, 'result.parquet'));
  } finally {
    await rm(join(session.outputFolder, 'result.parquet'), { force: true });
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
  }
}

async function readParquet(file: string): Promise<{ names: string[]; rows: unknown[][] }> {
  const reader = await observer.runAndReadAll('SELECT * FROM read_parquet($1)', [file]);
  const rows = reader
    .getRowsJS()
    .map((row) => row.map((value) => (typeof value === 'bigint' ? Number(value) : value)));
  return { names: reader.columnNames(), rows };
}

const readDuckdb = (duckdbQuery: string) => read(postgres, { duckdbQuery: fill(duckdbQuery) });
const readPostgres = (query: string) => read(postgres, { query: fill(query) });

/** Test names without what a terminal cannot show, and short. */
const named = (attempts: readonly string[]) =>
  attempts.map((sql) => [JSON.stringify(sql).slice(1, 100), sql] as const);

describe('what watches', () => {
  it('a server, a port and a folder notice when they are reached', async () => {
    for (const name of ['postgres_scanner', 'mysql_scanner'])
      await observer.run(`LOAD '${findExtension(name, [PROJECT_EXTENSIONS])}'`);
    const values = async (sql: string) =>
      (await observer.runAndReadAll(fill(sql))).getRowsJS().flat() as unknown[];
    expect(await values("SELECT * FROM postgres_scan('{pg}', 'public', 'canary')")).toEqual([DECOY_CANARY]);
    await observer.run(fill("ATTACH '{my}' AS other (TYPE mysql)"));
    expect(await values('SELECT * FROM other.canary')).toEqual([DECOY_CANARY]);
    expect(await values("SELECT value FROM '{file}.csv'")).toEqual([FILE_CANARY]);
    expect(await values("SELECT * FROM '{file}.parquet'")).toEqual([FILE_CANARY]);
    expect(await values("SELECT content FROM read_text('/proc/self/environ')")).not.toEqual([]);
    expect(await (await fetch(fill('{http}/x.csv'))).text()).toBe('a\n1\n');
    expect(counters.postgres.connections).toBeGreaterThan(0);
    expect(counters.mariadb.connections).toBeGreaterThan(0);
    expect(counters.http.connections).toBe(1);
    baseline = touched();
  });
});

const readsFiles = [
  "SELECT * FROM read_text('{file}.txt')",
  "SELECT * FROM read_text('/proc/self/environ')",
  "SELECT * FROM read_csv('{file}.csv')",
  "SELECT * FROM read_csv_auto('/etc/passwd', sep = ':')",
  "SELECT * FROM read_blob(['{file}.txt', '/etc/passwd'])",
  "SELECT * FROM read_json('{file}.json')",
  "SELECT * FROM read_json_objects('{file}.json')",
  "SELECT * FROM read_ndjson('{file}.json')",
  "SELECT * FROM read_parquet('{file}.parquet')",
  "SELECT * FROM parquet_scan('{file}.parquet')",
  "SELECT * FROM parquet_metadata('{file}.parquet')",
  "SELECT * FROM parquet_schema('{file}.parquet')",
  "SELECT * FROM parquet_kv_metadata('{file}.parquet')",
  "SELECT * FROM parquet_bloom_probe('{file}.parquet', 'value', 'x')",
  "SELECT * FROM read_duckdb('{file}.db', table_name = 'value')",
  "SELECT * FROM read_postgres_binary('{file}.txt')",
  "SELECT * FROM sniff_csv('{file}.csv')",
  "SELECT * FROM glob('/etc/*')",
  "SELECT * FROM '{file}.csv'",
  'SELECT * FROM "{file}.parquet"',
  "SELECT * FROM '/etc/passwd'",
  "SELECT * FROM 'file://{file}.csv'",
  "SELECT * FROM '~/.bashrc'",
  'SELECT * FROM "{file}.parquet" AS db',
  'SELECT * FROM db."/../../../../../../../../../../../..{file}.parquet"',
  'SELECT * FROM db.public."/../../../../../../../../../../../..{file}.csv"',
  'SELECT * FROM db."y.parquet"',
  "COPY orders FROM '{file}.csv'",
  "COPY db.orders FROM '{file}.csv'",
  "IMPORT DATABASE '{file}'",
];

const reachesOtherServers = [
  "SELECT * FROM postgres_scan('{pg}', 'public', 'canary')",
  "SELECT * FROM postgres_scan_pushdown('{pg}', 'public', 'canary')",
  "SELECT * FROM postgres_attach('{pg}')",
  "CALL postgres_attach('{pg}')",
  "ATTACH '{pg}' AS other (TYPE postgres)",
  "ATTACH '{my}' AS other (TYPE mysql)",
  "ATTACH '{file}.db' AS other",
  "SELECT * FROM sqlite_scan('{file}.db', 'value')",
  "SELECT * FROM mysql_query('other', 'SELECT 1')",
  "SELECT * FROM iceberg_scan('s3://bucket/x')",
  "SELECT json_serialize_plan('SELECT * FROM postgres_scan(''{pg}'', ''public'', ''canary'')')",
  `SELECT "system"."main"."JSON_SERIALIZE_PLAN"('SELECT * FROM postgres_scan(''{pg}'', ''public'', ''canary'')', optimize := true)`,
  "SELECT id FROM db.orders WHERE json_serialize_plan('SELECT * FROM postgres_scan(''{pg}'', ''public'', ''canary'')')::VARCHAR <> note",
  "SELECT list_transform([1], lambda x: json_serialize_plan('SELECT * FROM postgres_scan(''{pg}'', ''public'', ''canary'')'))",
  "SELECT * FROM '{http}/x.csv'",
  "SELECT * FROM read_csv('{http}/x.csv')",
  "SELECT * FROM read_parquet('s3://127.0.0.1/x.parquet')",
  "SELECT * FROM read_text('{http}/x')",
];

const reachesTheSourceAnotherWay = [
  "SELECT * FROM postgres_query('db', 'SELECT 1')",
  "SELECT * FROM postgres_execute('db', 'DROP TABLE orders')",
  "CALL postgres_execute('db', 'DROP TABLE orders')",
  "SELECT * FROM postgres_configure_pool(catalog_name = 'db', max_connections = 9)",
  'SELECT * FROM pg_clear_cache()',
  "SELECT nextval('db.public.numbers')",
];

const writes = [
  "COPY (SELECT 1) TO '{marker}.csv'",
  "COPY db.orders TO '{marker}.parquet' (FORMAT parquet)",
  "COPY (SELECT 1) TO 'ferry-marker.csv'",
  "EXPORT DATABASE '{marker}'",
  'COPY FROM DATABASE db TO memory',
  'CREATE TABLE db.public.stolen AS SELECT 1 AS a',
  'CREATE TABLE stolen AS SELECT * FROM db.orders',
  'CREATE VIEW db.public.v AS SELECT 1',
  'CREATE MACRO m(a) AS a',
  "INSERT INTO db.orders VALUES (9, 'x')",
  "UPDATE db.orders SET note = 'x'",
  'DELETE FROM db.orders',
  'TRUNCATE db.orders',
  'DROP TABLE db.orders',
  'ALTER TABLE db.orders ADD COLUMN x int',
  'MERGE INTO db.orders USING (SELECT 1 AS id) AS s ON orders.id = s.id WHEN MATCHED THEN DELETE',
  'WITH gone AS (DELETE FROM db.orders RETURNING *) SELECT * FROM gone',
];

const isNoSelect = [
  'INSTALL httpfs',
  'FORCE INSTALL httpfs',
  'LOAD httpfs',
  "LOAD '{file}.txt'",
  'SET enable_external_access=true',
  'SET GLOBAL lock_configuration=false',
  "SET VARIABLE x = 'y'",
  'RESET lock_configuration',
  'PRAGMA database_list',
  'PRAGMA enable_profiling',
  "PRAGMA profiling_output='{marker}'",
  "CALL enable_logging(storage = 'file', storage_path = '{marker}')",
  'SELECT * FROM enable_logging()',
  'USE db',
  'DETACH db',
  'BEGIN',
  'COMMIT',
  'CHECKPOINT db',
  'PREPARE x AS SELECT 1',
  'EXECUTE x',
  'EXPLAIN SELECT 1',
  'EXPLAIN ANALYZE SELECT * FROM db.orders',
  'VACUUM',
  "CREATE SECRET s (TYPE postgres, HOST '127.0.0.1')",
  "CREATE PERSISTENT SECRET s (TYPE postgres, HOST '127.0.0.1')",
  'DROP SECRET ferry_db',
  'SELECT ?',
  'SELECT $1',
  'SELECT $name',
  ' ',
  ';',
  '-- nothing',
];

const severalStatements = [
  'SELECT 1; DROP TABLE db.orders',
  'SELECT 1; SELECT 2',
  ';;SELECT 1;;;DROP TABLE db.orders;;',
  'SELECT 1 /* ; */ ; DROP TABLE db.orders -- ;',
  'SELECT 1 /* /* ; */ ; */ ; DROP TABLE db.orders',
  "SELECT '\\'; DROP TABLE db.orders; --'",
  "SELECT E'\\''; DROP TABLE db.orders; --'",
  'SELECT $$ $$; DROP TABLE db.orders; -- $$',
  'SELECT $a$ $b$ $a$; DROP TABLE db.orders; -- $b$',
  'SELECT 1$x$ -- $x$; DROP TABLE db.orders',
  'SELECT ";"; DROP TABLE db.orders; --"',
  'SELECT 1\u00a0;\u2003DROP TABLE db.orders',
  'SELECT 1 --\r; DROP TABLE db.orders',
  'SELECT 1 \0; DROP TABLE db.orders',
  "SELECT 'a\0b'",
  'SELECT 1) AS q; DROP TABLE db.orders; --',
  "SELECT 1) TO '{marker}.csv'; --",
  "SELECT 1)) TO '{marker}.csv' (FORMAT csv); --",
  "SELECT 1) x) TO PROGRAM 'touch {marker}' --",
  'SELECT 1 AS a)) AS x, (SELECT 2',
  "SELECT 'a",
  'SELECT "a',
  'SELECT $$a',
  `SELECT ${'('.repeat(50_000)}1${')'.repeat(50_000)}`,
  `SELECT ${'['.repeat(3_000)}1${']'.repeat(3_000)}`,
  `SELECT 1${' + 1'.repeat(20_000)}`,
];

/** One forbidden function, in every place where a query may hold a table or a value. */
const reader = "read_text('{file}.txt')";
const hiddenInPlaces = [
  `FROM ${reader}`,
  `FROM ${reader} SELECT content`,
  `SELECT * FROM db.orders, ${reader}`,
  `SELECT * FROM db.public.orders AS x, LATERAL (SELECT x.id, content FROM ${reader})`,
  `SELECT * FROM db.orders JOIN ${reader} ON true`,
  `SELECT * FROM db.orders SEMI JOIN ${reader} ON true`,
  `SELECT * FROM db.orders POSITIONAL JOIN ${reader}`,
  `SELECT * FROM db.orders ASOF JOIN ${reader} AS r ON orders.id >= r.size`,
  `SELECT (SELECT content FROM ${reader})`,
  `SELECT ARRAY(SELECT content FROM ${reader})`,
  `SELECT * FROM db.orders WHERE EXISTS (FROM ${reader})`,
  `SELECT * FROM db.orders WHERE note IN (SELECT content FROM ${reader})`,
  `SELECT * FROM db.orders ORDER BY (SELECT size FROM ${reader})`,
  `SELECT * FROM db.orders LIMIT (SELECT size FROM ${reader})`,
  `SELECT * FROM db.orders OFFSET (SELECT size FROM ${reader})`,
  `SELECT count(*) FROM db.orders GROUP BY (SELECT size FROM ${reader})`,
  `SELECT count(*) FROM db.orders HAVING EXISTS (FROM ${reader})`,
  `SELECT * FROM db.orders QUALIFY row_number() OVER (ORDER BY (SELECT size FROM ${reader})) = 1`,
  `SELECT sum(id) FILTER (WHERE EXISTS (FROM ${reader})) FROM db.orders`,
  `SELECT CASE WHEN true THEN (SELECT content FROM ${reader}) END`,
  `SELECT * REPLACE ((SELECT content FROM ${reader}) AS note) FROM db.orders`,
  `SELECT COLUMNS(c -> c = (SELECT content FROM ${reader})) FROM db.orders`,
  `SELECT list_transform([1], lambda x: (SELECT content FROM ${reader}))`,
  `SELECT [(SELECT content FROM ${reader}) FOR x IN [1]]`,
  `SELECT {'a': (SELECT content FROM ${reader})}`,
  `SELECT TRY((SELECT content FROM ${reader}))`,
  `SELECT 1 UNION ALL BY NAME SELECT content FROM ${reader}`,
  `SELECT 'x' EXCEPT SELECT content FROM ${reader}`,
  `VALUES ((SELECT content FROM ${reader}))`,
  `SELECT * FROM (VALUES ((SELECT content FROM ${reader})))`,
  `WITH x AS (FROM ${reader}) SELECT 1 FROM x`,
  `WITH x AS MATERIALIZED (FROM ${reader}) SELECT 1`,
  `WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT size FROM x, ${reader}) SELECT * FROM x`,
  `SELECT * FROM (WITH x AS (FROM ${reader}) FROM x)`,
  `FROM ${reader} PIVOT (count(*) FOR size IN (1, 2))`,
  `PIVOT ${reader} ON size`,
  `FROM ${reader} UNPIVOT (v FOR n IN (content, filename))`,
  `SELECT * FROM range((SELECT size FROM ${reader}))`,
  `SELECT * FROM unnest((SELECT [content] FROM ${reader}))`,
  `DESCRIBE FROM ${reader}`,
  `SUMMARIZE FROM ${reader}`,
  `SELECT * FROM (SUMMARIZE FROM ${reader})`,
  "DESCRIBE '{file}.csv'",
  "SELECT * FROM (SUMMARIZE '{file}.parquet')",
  `SELECT * FROM ${reader} WITH ORDINALITY`,
  `SELECT * FROM ${reader} TABLESAMPLE 50%`,
  `(((SELECT * FROM ${reader})))`,
];

const spelledOtherwise = [
  `SELECT * FROM "read_text"('{file}.txt')`,
  "SELECT * FROM READ_TEXT('{file}.txt')",
  "SELECT * FROM main.read_text('{file}.txt')",
  "SELECT * FROM system.main.read_text('{file}.txt')",
  `SELECT * FROM "system"."main"."Read_Text"('{file}.txt')`,
  "SELECT * FROM pg_catalog.read_text('{file}.txt')",
  "SELECT * FROM db.read_text('{file}.txt')",
  "SELECT * FROM db.public.read_text('{file}.txt')",
  "SELECT * FROM range.read_text('{file}.txt')",
  "SELECT * FROM read_text/* range */('{file}.txt')",
  "SELECT * FROM\u00a0read_text\u2003('{file}.txt')",
  'SELECT * FROM U&"read\\005ftext"(\'{file}.txt\')',
  `WITH range AS (SELECT 1) SELECT * FROM range, read_text('{file}.txt')`,
];

const runsSql = [
  "SELECT * FROM query('SELECT * FROM read_text(''{file}.txt'')')",
  "SELECT * FROM query_table('{file}.csv')",
  "SELECT * FROM query_table(['duckdb_logs'])",
  "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
  "SELECT * FROM from_substrait('x'::BLOB)",
  "SELECT * FROM from_substrait_json('x')",
  "SELECT * FROM sql_auto_complete('SELECT * FROM ')",
  "SELECT * FROM histogram('duckdb_logs', 'message')",
  "SELECT * FROM histogram_values('{file}.csv', value)",
  "SELECT * FROM duckdb_logs_parsed('HTTP')",
  'SELECT * FROM summary((SELECT 1))',
  'SELECT * FROM test_all_types()',
  'SELECT * FROM seq_scan()',
];

const tellsOfTheMachine = [
  "SELECT current_setting('temp_directory')",
  "SELECT pg_catalog.current_setting('home_directory')",
  `SELECT "Current_Setting"('allowed_directories')`,
  "SELECT getenv('FERRY_LOCK_DOWN_CANARY')",
  "SELECT getenv('HOME') OVER ()",
  "SELECT getvariable('x')",
  'SELECT current_query()',
  'SELECT main.current_query()',
  "SELECT write_log('x')",
  "SELECT get_block_size('memory')",
  'SELECT pg_get_viewdef(1)',
  'SELECT sleep_ms(1000000000)',
  'SELECT pg_sleep(1000000)',
  'SELECT * FROM duckdb_settings()',
  'SELECT * FROM duckdb_settings',
  'SELECT * FROM duckdb_secrets()',
  "SELECT * FROM which_secret('postgres://x', 'postgres')",
  'SELECT * FROM duckdb_logs',
  'SELECT * FROM system.main.duckdb_logs',
  'SELECT * FROM duckdb_databases',
  'SELECT * FROM duckdb_databases()',
  'SELECT * FROM duckdb_temporary_files()',
  'SELECT * FROM pragma_database_list',
  'SELECT * FROM sqlite_master',
  'SELECT * FROM information_schema.tables',
  'SELECT * FROM pg_catalog.pg_settings',
  'SELECT * FROM pg_settings',
  'SELECT * FROM memory.main.x',
  'SELECT * FROM temp.x',
  'SELECT * FROM x.y.z',
  'SELECT * FROM db.duckdb_settings',
  'SELECT * FROM db.main.duckdb_logs',
  'SHOW DATABASES',
  'SHOW TABLES',
  'SHOW ALL TABLES',
  'SHOW TABLES FROM db',
  'SELECT * FROM (SHOW DATABASES)',
  'SELECT * FROM (SHOW ALL TABLES)',
  'SHOW duckdb_settings',
  'DESCRIBE duckdb_secrets()',
  'SELECT * FROM duckdb_logs, (WITH duckdb_logs AS (SELECT 1) FROM duckdb_logs)',
  'SELECT * FROM duckdb_logs, (WITH "DUCKDB_LOGS" AS (SELECT 1) FROM duckdb_logs)',
  `SELECT * FROM "{file}.csv", (WITH "{file}.csv" AS (SELECT 1) FROM "{file}.csv")`,
  'SELECT * FROM information_schema.tables, (WITH "information_schema.tables" AS (SELECT 1) SELECT 1)',
];

describe('a duckdbQuery', () => {
  describe.each([
    ['reads no file', readsFiles],
    ['reaches no other server', reachesOtherServers],
    ['reaches the source in no other way', reachesTheSourceAnotherWay],
    ['writes nothing', writes],
    ['is a SELECT', isNoSelect],
    ['is one statement, and stays in its place in ours', severalStatements],
    ['is looked at in every corner', hiddenInPlaces],
    ['is looked at however it is spelled', spelledOtherwise],
    ['runs no hidden SQL', runsSql],
    ['learns nothing of the machine', tellsOfTheMachine],
  ])('%s', (_what, attempts) => {
    it.each(named(attempts))('refused: %s', async (_name, sql) => {
      await expectRefusal(readDuckdb(sql));
    });
  });

  it.each<[string, unknown[][]]>([
    ['SELECT * FROM db.orders ORDER BY id; -- ; DROP TABLE db.orders', ROWS],
    ["SELECT id FROM db.orders WHERE note = 'C:\\temp'", [[3]]],
    ["SELECT id FROM db.orders WHERE note = '\\'' OR true OR note = '; --'", []],
    ["SELECT id FROM db.orders WHERE note = '''; DROP TABLE orders; --'", []],
    ["SELECT id FROM db.orders WHERE note IN ('\\', ' OR 1=1 --', 'it''s')", [[2]]],
    ['WITH db AS (SELECT 1 AS x) SELECT * FROM db', [[1]]],
    ['WITH db AS (SELECT 1 AS x) SELECT count(*) FROM db.orders', [[3]]],
    ['WITH orders AS (SELECT 1 AS x) SELECT * FROM orders', [[1]]],
    [`SELECT 1 AS "${ODD_COLUMN.replace('"', '""')}"`, [[1]]],
    ['SELECT * FROM db."x.parquet"', [[1, 1.5]]],
    [
      "SELECT $a$; DROP TABLE db.orders; --$a$ AS a, ';' AS b /* ; */ -- ;",
      [['; DROP TABLE db.orders; --', ';']],
    ],
    ['SELECT 1 AS a --', [[1]]],
    // What trims a statement leaves out a comment without an end.
    ['SELECT 1 AS a /*', [[1]]],
    ['SELECT column_name FROM (DESCRIBE db.orders)', [['id'], ['note']]],
    ['SELECT current_user', [['duckdb']]],
    ['SELECT max(range) FROM range(3), db.orders', [[2]]],
  ])('harmless, so it gives the data: %s', async (sql, rows) => {
    // Of a Postgres numeric without precision the client makes a DOUBLE.
    const content = await read(postgres, { duckdbQuery: sql, types: 'compatible' });
    expect(content.rows).toEqual(rows);
  });
});

describe('the query of a Postgres source', () => {
  it.each(
    named([
      'SELECT 1; DROP TABLE orders',
      'SELECT 1; COMMIT; DROP TABLE orders',
      'SELECT 1 /* ; */ ; DROP TABLE orders -- ;',
      'SELECT 1 /* /* */ ; */ ; DROP TABLE orders',
      "SELECT E'\\''; DROP TABLE orders; --'",
      "SELECT '\\'; DROP TABLE orders; --'",
      'SELECT $$ $$; DROP TABLE orders; -- $$',
      'SELECT $a$ $b$ $a$; DROP TABLE orders; -- $b$',
      'SELECT 1 --\r; DROP TABLE orders',
      'SELECT 1) AS q; DROP TABLE orders; --',
      'SELECT 1 AS a) AS __unnamed_subquery; DROP TABLE orders; --',
      "SELECT 1) x) TO PROGRAM 'touch {marker}' --",
      "SELECT 1 AS a) AS __unnamed_subquery) TO PROGRAM 'touch {marker}' --",
      "SELECT 1 AS a) AS q) TO '{marker}' --",
      'SELECT 1 AS a) UNION (SELECT 2',
      "SELECT 1'); SELECT * FROM read_text('{file}.txt'); --",
      'SELECT 1 \0; DROP TABLE orders',
      "SELECT 'a\0'') --'",
      "COPY (SELECT 1) TO PROGRAM 'touch {marker}'",
      "COPY orders TO '{marker}'",
      "COPY orders FROM PROGRAM 'touch {marker}'",
      "DO $$ BEGIN COPY orders TO '{marker}'; END $$",
      'DROP TABLE orders',
      'TRUNCATE orders',
      'CREATE TABLE stolen AS SELECT 1 AS a',
      'SELECT * INTO stolen FROM orders',
      "INSERT INTO orders VALUES (9, 'x') RETURNING id",
      'WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone',
      'SELECT * FROM orders FOR UPDATE',
      "SELECT nextval('numbers')",
      "SELECT set_config('transaction_read_only', 'off', true), nextval('numbers')",
      "SELECT lo_from_bytea(0, 'x')",
      'BEGIN',
      'COMMIT',
      'ROLLBACK',
      'SET ROLE postgres',
      'RESET ALL',
      'SHOW ALL',
      'EXPLAIN ANALYZE SELECT 1',
      'PREPARE x AS SELECT 1',
      'EXECUTE x',
      'LISTEN x',
      'CALL x()',
      'SELECT $1::int',
      "SELECT * FROM postgres_scan('{pg}', 'public', 'canary')",
      "SELECT * FROM read_text('{file}.txt')",
      'SELECT * FROM db.public.orders',
      ' ',
      '/* nothing */;',
    ]),
  )('refused: %s', async (_name, sql) => {
    await expectRefusal(readPostgres(sql));
  });

  it.each<[string, unknown[][]]>([
    ["SELECT ';' AS a /* ; */ -- ; DROP TABLE orders", [[';']]],
    ["SELECT '\\' AS a, '; DROP TABLE orders; --' AS b", [['\\', '; DROP TABLE orders; --']]],
    ["SELECT E'\\'; DROP TABLE orders; --' AS a", [["'; DROP TABLE orders; --"]]],
    ['SELECT $x$$$; DROP TABLE orders$x$ AS a', [['$$; DROP TABLE orders']]],
    ['SELECT 1 AS a --', [[1]]],
    [';; SELECT 1 AS a /* /* */ */ ;;', [[1]]],
    [
      "SELECT 'ferry_refused_0, __TYPES__, $&, $ferry0$, $ferry_block$' AS a, 1.5::numeric AS b",
      [['ferry_refused_0, __TYPES__, $&, $ferry0$, $ferry_block$', '1.5']],
    ],
    [`SELECT length('${"x''".repeat(200_000)}') AS a`, [[400_000]]],
    [`SELECT ${'('.repeat(3_000)}1${')'.repeat(3_000)} AS a`, [[1]]],
    ["SELECT set_config('default_transaction_read_only', 'off', false) AS a", [['off']]],
  ])('harmless, so it gives the data: %#', async (sql, rows) => {
    expect((await readPostgres(sql)).rows).toEqual(rows);
  });
});

describe.each(['mariadb', 'mysql'] as const)('the query of a source of type %s', (flavor) => {
  const server = () => (flavor === 'mariadb' ? mariadb : mysql);
  const readMysql = (query: string) => read(server(), { query: fill(query) });

  it.each(
    named([
      'SELECT 1; DROP TABLE orders',
      'SELECT 1 /*! ; DROP TABLE orders */',
      'SELECT 1 /*!50000 ; DROP TABLE orders */',
      'SELECT 1 # \n; DROP TABLE orders',
      'SELECT 1 -- x\n; DROP TABLE orders',
      'SELECT 1 --;DROP TABLE orders',
      "SELECT '\\\\'; DROP TABLE orders; -- '",
      'SELECT `a`; DROP TABLE orders; -- `',
      'SELECT 1) AS q; DROP TABLE orders; -- ',
      "SELECT 1 AS a) AS q INTO OUTFILE '{marker}' -- ",
      "SELECT 1 AS a INTO OUTFILE '{marker}'",
      "SELECT 1 AS a LIMIT 1 INTO DUMPFILE '{marker}'",
      "(SELECT 1 AS a) UNION SELECT 2 INTO OUTFILE '{marker}'",
      'SELECT id INTO @x FROM orders LIMIT 1',
      'SELECT 1 AS a /*!',
      'SELECT 1 \0; DROP TABLE orders',
      "LOAD DATA LOCAL INFILE '{file}.txt' INTO TABLE orders",
      "LOAD DATA INFILE '{file}.txt' INTO TABLE orders",
      '/*! DROP TABLE orders */',
      'DROP TABLE orders',
      'DELETE FROM orders RETURNING id',
      "INSERT INTO orders VALUES (9, 'x') RETURNING id",
      "REPLACE INTO orders VALUES (1, 'x')",
      'CREATE TABLE stolen AS SELECT 1 AS a',
      'SHOW TABLES',
      'EXPLAIN SELECT 1',
      'SET GLOBAL read_only = 0',
      'SET @x = 1',
      'DO SLEEP(1)',
      'CALL x()',
      'HANDLER orders OPEN',
      "PREPARE s FROM 'DROP TABLE orders'",
      'BEGIN NOT ATOMIC DROP TABLE orders; END',
      'START TRANSACTION',
      'COMMIT',
      'FLUSH TABLES',
      'SELECT ?',
      ' ',
      '# nothing',
    ]),
  )('refused: %s', async (_name, sql) => {
    await expectRefusal(readMysql(sql));
  });

  it.each<[string, unknown[][]]>([
    ["SELECT ';' AS a /* ; */ # ; DROP TABLE orders", [[';']]],
    ["SELECT '\\'; DROP TABLE orders; -- ' AS a", [["'; DROP TABLE orders; -- "]]],
    ['SELECT "\\"; DROP TABLE orders; -- " AS a', [['"; DROP TABLE orders; -- ']]],
    ['SELECT 1 --2 AS a', [[3]]],
    ['SELECT 1 AS a -- \n', [[1]]],
    ['SELECT 1 AS a #', [[1]]],
    ['SELECT /*! 2 */ AS a', [[2]]],
    [`SELECT CHAR_LENGTH('${"x''".repeat(100_000)}') AS a`, [[200_000]]],
    ["SELECT LOAD_FILE('/nowhere') AS a", [[null]]],
  ])('harmless, so it gives the data: %#', async (sql, rows) => {
    expect((await readMysql(sql)).rows).toEqual(rows);
  });

  const readDuckdbOfMysql = (duckdbQuery: string) =>
    read(server(), { duckdbQuery: fill(duckdbQuery), types: 'compatible' });

  it.each(
    named([
      "SELECT * FROM mysql_query('db', 'SELECT 1')",
      "SELECT * FROM mysql_execute('db', 'DROP TABLE orders')",
      "CALL mysql_execute('db', 'DROP TABLE orders')",
      'SELECT * FROM mysql_clear_cache()',
      "SELECT * FROM postgres_scan('{pg}', 'public', 'canary')",
      "SELECT json_serialize_plan('SELECT * FROM postgres_scan(''{pg}'', ''public'', ''canary'')')",
      "ATTACH '{my}' AS other (TYPE mysql)",
      "SELECT * FROM read_text('{file}.txt')",
      'SELECT * FROM db."y.parquet"',
      'SELECT * FROM db."orders` WHERE false UNION SELECT 1, `User` FROM `mysql`.`user"',
      'SELECT 1; DROP TABLE db.orders',
      'DELETE FROM db.orders',
      'SHOW DATABASES',
    ]),
  )('refused in a duckdbQuery: %s', async (_name, sql) => {
    await expectRefusal(readDuckdbOfMysql(sql));
  });

  it.each<[string, unknown[][]]>([
    ['SELECT * FROM db.orders ORDER BY id', ROWS],
    ["SELECT id FROM db.orders WHERE note = 'it''s'", [[2]]],
    ["SELECT id FROM db.orders WHERE note = '''; DROP TABLE orders; -- '", []],
    ['SELECT * FROM db."x.parquet"', [[1]]],
  ])('harmless in a duckdbQuery, so it gives the data: %s', async (sql, rows) => {
    expect((await readDuckdbOfMysql(sql)).rows).toEqual(rows);
  });

  // DuckDB's client leaves backslashes in the filters that it sends to MySQL as they are, where they escape the quote behind them:
  // text after it is SQL. It takes `SET GLOBAL mysql_experimental_filter_pushdown=false` among the settings of mysql-dialect.ts.
  it.each<[string, unknown[][]]>([
    ["SELECT id FROM db.orders WHERE note = 'C:\\temp'", [[3]]],
    ["SELECT id FROM db.orders WHERE note = '\\'' OR 1=1 -- '", []],
    ["SELECT id FROM db.orders WHERE note IN ('C:\\temp', ') OR 1=1 -- ')", [[3]]],
    ["SELECT id FROM db.orders JOIN (VALUES ('C:\\temp')) AS v (note) USING (note)", [[3]]],
  ])('a backslash in a filter is text: %s', async (sql, rows) => {
    expect((await readDuckdbOfMysql(sql)).rows).toEqual(rows);
  });
});

describe('names of columns', () => {
  const odd = [
    ODD_COLUMN,
    "b'; DROP TABLE orders; --",
    'c\\',
    'd`; DROP TABLE orders; -- ',
    'e/*',
    'f$$',
    'g)) TO PROGRAM',
    'h\n\t;',
    'i.j.k',
    '"',
    "'",
    '""',
    'c0',
    'g0',
    'q',
    'ferry_refused_0',
    '__TYPES__',
    '%s {0} $1',
    'ü'.repeat(30),
  ];

  it('of a Postgres query are only names, where values are converted too', async () => {
    const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
    const list = odd.map((name, index) => `${index}.5::numeric AS ${quote(name)}`).join(', ');
    const columns = Object.fromEntries(
      odd.slice(0, 8).map((name, index) => [name, index % 2 ? 'text' : 'decimal(10,2)']),
    );
    const content = await read(postgres, { query: `SELECT ${list}`, columns });
    expect(content.names).toEqual(odd);
    const values = odd.map((_, index) => (index < 8 && index % 2 === 0 ? index + 0.5 : `${index}.5`));
    expect(content.rows).toEqual([values]);
  });

  it.each(['mariadb', 'mysql'] as const)('of a %s query are only names', async (flavor) => {
    // MySQL takes no name that ends in a space.
    const names = odd.map((name) => name.trimEnd());
    const quote = (name: string) => `\`${name.replaceAll('`', '``')}\``;
    const list = names.map((name, index) => `CAST('${index}' AS decimal(20,3)) AS ${quote(name)}`).join(', ');
    const columns = Object.fromEntries(
      names.slice(0, 8).map((name, index) => [name, index % 2 ? 'text' : 'decimal(10,3)']),
    );
    const server = flavor === 'mariadb' ? mariadb : mysql;
    const content = await read(server, { query: `SELECT ${list}`, columns });
    expect(content.names).toEqual(names);
    const values = names.map((_, index) => (index < 8 && index % 2 === 1 ? `${index}.000` : index));
    expect(content.rows).toEqual([values]);
  });

  it('of tables that a duckdbQuery reads are only names', async () => {
    const content = await read(postgres, {
      duckdbQuery: 'SELECT * FROM db."x.parquet"',
      types: 'compatible',
      columns: { [ODD_COLUMN]: 'text' },
    });
    expect(content.names).toEqual([ODD_COLUMN, "b\\'"]);
    expect(content.rows).toEqual([['1', 1.5]]);
  });

  it('in columns: must be those of the query', async () => {
    for (const sync of [{ query: 'SELECT 1 AS a' }, { duckdbQuery: 'SELECT 1 AS a' }]) {
      await expectRefusal(read(postgres, { ...sync, columns: { "a\" FROM read_text('x') --": 'text' } }));
    }
  });
});

// The check of a duckdbQuery is one wall, the locked session behind it another. What runs here has got past the first. The second does
// not stop postgres_scan() and its like, and a log that enable_logging() sends to a file ends the process when it cannot be written.
describe('the session itself', () => {
  const statements = [
    "SELECT * FROM read_text('{file}.txt')",
    "SELECT * FROM read_text('{out}/../../../{file}.txt')",
    "SELECT * FROM read_text('{out}/../../../../../../../../../../..{file}.txt')",
    "SELECT * FROM read_blob('/proc/self/environ')",
    "SELECT * FROM '{file}.csv'",
    "SELECT * FROM '{file}.parquet'",
    "SELECT * FROM parquet_metadata('{file}.parquet')",
    "SELECT * FROM sniff_csv('{file}.csv')",
    "SELECT * FROM read_duckdb('{file}.db', table_name = 'value')",
    "SELECT * FROM glob('{file}*')",
    "SELECT * FROM '{http}/x.csv'",
    "SELECT * FROM read_parquet('s3://127.0.0.1/x.parquet')",
    "COPY (SELECT 1) TO '{marker}.csv'",
    "COPY (SELECT 1) TO 'ferry-marker.csv'",
    "COPY (SELECT 1) TO '{out}/../../../../../../../../../../..{marker}.csv'",
    "COPY (SELECT 1) TO '{marker}.parquet' (FORMAT parquet)",
    "EXPORT DATABASE '{marker}'",
    "IMPORT DATABASE '{file}'",
    "ATTACH '{marker}.db'",
    "ATTACH '{file}.db' AS other",
    "ATTACH '{pg}' AS other (TYPE postgres)",
    "ATTACH '{my}' AS other (TYPE mysql)",
    'INSTALL httpfs',
    'LOAD httpfs',
    "LOAD '{file}.txt'",
    'SET enable_external_access=true',
    'SET lock_configuration=false',
    'RESET lock_configuration',
    "SET allowed_directories=['/']",
    "SET temp_directory='{marker}'",
    "PRAGMA profiling_output='{marker}'",
    "CREATE PERSISTENT SECRET s (TYPE {type}, HOST '127.0.0.1')",
    'CREATE TABLE db.stolen AS SELECT 1 AS a',
    "INSERT INTO db.orders VALUES (9, 'x')",
    "UPDATE db.orders SET note = 'x'",
    'DELETE FROM db.orders',
    'DROP TABLE db.orders',
  ];

  it.each(['postgres', 'mariadb'] as const)('of %s is locked', async (kind) => {
    await using own = await openSession(kind === 'postgres' ? postgres : mariadb, false);
    const { session } = own;
    for (const statement of statements) {
      const type = kind === 'postgres' ? 'postgres' : 'mysql';
      const sql = fill(statement.replaceAll('{out}', session.outputFolder).replaceAll('{type}', type));
      const running = session.run('read', sql).then((reader) => [statement, reader.getRowsJson()]);
      await expectRefusal(running);
      // By a lock and not by a mistake in the attempt, and the next one meets a session that works.
      const cause = await running.catch(({ cause: said }: FerryError) => String(said));
      expect(cause, statement).toMatch(
        /Permission Error|has been locked|read-only mode|Persistent secrets are disabled/,
      );
      await session.run('read', 'SELECT 1');
    }
    expect(readdirSync(session.outputFolder)).toEqual([]);
    // The source's own SQL stays within one statement that reads.
    const execute = kind === 'postgres' ? 'postgres_execute' : 'mysql_execute';
    await expectRefusal(session.run('read', `CALL ${execute}('db', 'DROP TABLE orders')`));
  });
});

describe('ferry run', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['a file', { duckdbQuery: "SELECT * FROM read_text('{file}.txt')" }, 'QueryError'],
    ['the environment', { duckdbQuery: "SELECT getenv('FERRY_LOCK_DOWN_CANARY')" }, 'QueryError'],
    [
      'another server, by a plan',
      {
        duckdbQuery:
          "SELECT json_serialize_plan('SELECT * FROM postgres_scan(''{pg}'', ''public'', ''canary'')')",
      },
      'QueryError',
    ],
    ['another file', { query: "SELECT 1) x) TO PROGRAM 'touch {marker}' --" }, 'QueryError'],
    ['several statements', { query: 'SELECT 1; DROP TABLE orders' }, 'QueryError'],
    [
      'SQL in a type',
      { query: 'SELECT 1 AS a', columns: { a: "decimal(3,1)) FROM read_text('{file}.txt') --" } },
      'ConfigError',
    ],
  ])('refuses %s, and leaves nothing behind', async (_what, sync, errorClass) => {
    const filled = JSON.parse(
      JSON.stringify(sync, (_key, value: unknown) => (typeof value === 'string' ? fill(value) : value)),
    ) as Record<string, unknown>;
    const result = await setup.run(filled);
    expect(result.stderr).toMatch(new RegExp(`^${errorClass}: `, 'm'));
    expect(result.exitCode).toBe(errorClass === 'ConfigError' ? 2 : 1);
    expect(result.leftovers).toEqual([]);
    for (const canary of canaries) expect(`${result.stdout}${result.stderr}`).not.toContain(canary);
    setup.polyteia.assertNoViolations();
  });
});

describe('after all attempts', () => {
  it('the sources are as they were', async () => {
    const { rows: orders } = await postgres.query('SELECT id, note FROM orders ORDER BY id');
    expect(orders.map(({ id, note }) => [id, note])).toEqual(ROWS);
    const { rows: tables } = await postgres.query(
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
    );
    expect(tables.map(({ relname }) => relname)).toEqual(['numbers', 'orders', 'x.parquet']);
    const { rows: others } = await postgres.query(
      'SELECT (SELECT count(*)::int FROM pg_largeobject_metadata) AS objects, is_called AS counted FROM numbers',
    );
    expect(others).toEqual([{ objects: 0, counted: false }]);
    for (const server of [mariadb, mysql]) {
      const rows = await server.query('SELECT id, note FROM orders ORDER BY id');
      expect(rows.map(({ id, note }) => [Number(id), note])).toEqual(ROWS);
      const names = await server.query('SHOW TABLES');
      expect(names.flatMap((row) => Object.values(row)).sort()).toEqual(['orders', 'x.parquet']);
    }
  });
});
