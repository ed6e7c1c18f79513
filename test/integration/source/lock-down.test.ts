import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { findExtension } from '../../../shared/duckdb/extensions.ts';
import type { FerryError } from '../../../shared/errors.ts';
import {
  canaries,
  DECOY_CANARY,
  expectRefusal,
  FILE_CANARY,
  type LockDownBench,
  named,
  ODD_COLUMN,
  ROWS,
  startBench,
} from '../../support/lock-down/bench.ts';
import {
  hiddenInPlaces,
  isNoSelect,
  reachesOtherServers,
  reachesTheSourceAnotherWay,
  readsFiles,
  runsSql,
  severalStatements,
  spelledOtherwise,
  tellsOfTheMachine,
  writes,
} from '../../support/lock-down/duckdb-attempts.ts';
import { mysqlAttempts, postgresAttempts, sessionAttempts } from '../../support/lock-down/other-attempts.ts';

// A sync's query reads its source and writes its output file: everything else is out of its reach. Each attempt is refused with an
// error that people can read, or is harmless and gives just the data; after each of them nothing outside has been touched.

let bench: LockDownBench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench?.stop());

/** Counted before the attempts, when the detectors were tried out. */
let baseline: string;
afterEach(() => {
  expect(bench.touched()).toBe(baseline);
});

const readDuckdb = (duckdbQuery: string) =>
  bench.read(bench.postgres, { duckdbQuery: bench.fill(duckdbQuery) });
const readPostgres = (query: string) => bench.read(bench.postgres, { query: bench.fill(query) });

describe('what watches for escapes', () => {
  it('a server, a port and a folder notice when they are reached', async () => {
    for (const name of ['postgres_scanner', 'mysql_scanner'])
      await bench.observer.run(`LOAD '${findExtension(name, [PROJECT_EXTENSIONS])}'`);
    const values = async (sql: string) =>
      (await bench.observer.runAndReadAll(bench.fill(sql))).getRowsJS().flat() as unknown[];
    expect(await values("SELECT * FROM postgres_scan('{pg}', 'public', 'canary')")).toEqual([DECOY_CANARY]);
    await bench.observer.run(bench.fill("ATTACH '{my}' AS other (TYPE mysql)"));
    expect(await values('SELECT * FROM other.canary')).toEqual([DECOY_CANARY]);
    expect(await values("SELECT value FROM '{file}.csv'")).toEqual([FILE_CANARY]);
    expect(await values("SELECT * FROM '{file}.parquet'")).toEqual([FILE_CANARY]);
    expect(await values("SELECT content FROM read_text('/proc/self/environ')")).not.toEqual([]);
    expect(await (await fetch(bench.fill('{http}/x.csv'))).text()).toBe('a\n1\n');
    expect(bench.counters.postgres.connections).toBeGreaterThan(0);
    expect(bench.counters.mariadb.connections).toBeGreaterThan(0);
    expect(bench.counters.http.connections).toBe(1);
    baseline = bench.touched();
  });
});

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
    ['SELECT column_name FROM (DESCRIBE db.orders)', [['id'], ['note']]],
    ['SELECT current_user', [['duckdb']]],
    ['SELECT max(range) FROM range(3), db.orders', [[2]]],
  ])('harmless, so it returns the data: %s', async (sql, rows) => {
    // Of a Postgres numeric without precision the client makes a DOUBLE.
    const content = await bench.read(bench.postgres, { duckdbQuery: sql, types: 'compatible' });
    expect(content.rows).toEqual(rows);
  });
});

describe('the query of a Postgres source', () => {
  it.each(named(postgresAttempts))('refused: %s', async (_name, sql) => {
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
  ])('harmless, so it returns the data: %#', async (sql, rows) => {
    expect((await readPostgres(sql)).rows).toEqual(rows);
  });
});

describe.each(['mariadb', 'mysql'] as const)('the query of a source of type %s', (flavor) => {
  const server = () => bench[flavor];
  const readMysql = (query: string) => bench.read(server(), { query: bench.fill(query) });

  it.each(named(mysqlAttempts))('refused: %s', async (_name, sql) => {
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
  ])('harmless, so it returns the data: %#', async (sql, rows) => {
    expect((await readMysql(sql)).rows).toEqual(rows);
  });

  const readDuckdbOfMysql = (duckdbQuery: string) =>
    bench.read(server(), { duckdbQuery: bench.fill(duckdbQuery), types: 'compatible' });

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
  ])('harmless in a duckdbQuery, so it returns the data: %s', async (sql, rows) => {
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

  it('of a Postgres query are only names, even if values are converted', async () => {
    const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
    const list = odd.map((name, index) => `${index}.5::numeric AS ${quote(name)}`).join(', ');
    const columns = Object.fromEntries(
      odd.slice(0, 8).map((name, index) => [name, index % 2 ? 'text' : 'decimal(10,2)']),
    );
    const content = await bench.read(bench.postgres, { query: `SELECT ${list}`, columns });
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
    const server = bench[flavor];
    const content = await bench.read(server, { query: `SELECT ${list}`, columns });
    expect(content.names).toEqual(names);
    const values = names.map((_, index) => (index < 8 && index % 2 === 1 ? `${index}.000` : index));
    expect(content.rows).toEqual([values]);
  });

  it('of tables that a duckdbQuery reads are only names', async () => {
    const content = await bench.read(bench.postgres, {
      duckdbQuery: 'SELECT * FROM db."x.parquet"',
      types: 'compatible',
      columns: { [ODD_COLUMN]: 'text' },
    });
    expect(content.names).toEqual([ODD_COLUMN, "b\\'"]);
    expect(content.rows).toEqual([['1', 1.5]]);
  });

  it('in columns: must be those of the query', async () => {
    for (const sync of [{ query: 'SELECT 1 AS a' }, { duckdbQuery: 'SELECT 1 AS a' }]) {
      await expectRefusal(
        bench.read(bench.postgres, { ...sync, columns: { "a\" FROM read_text('x') --": 'text' } }),
      );
    }
  });
});

// The check of a duckdbQuery is one wall, the locked session behind it another. What runs here has got past the first. The second does
// not stop postgres_scan() and its like, and a log that enable_logging() sends to a file ends the process when it cannot be written.
describe('the session itself', () => {
  it.each(['postgres', 'mariadb'] as const)('of %s is locked down', async (kind) => {
    await using own = await bench.openSession(bench[kind], false);
    const { session } = own;
    for (const statement of sessionAttempts) {
      const type = kind === 'postgres' ? 'postgres' : 'mysql';
      const sql = bench.fill(statement.replaceAll('{out}', session.outputFolder).replaceAll('{type}', type));
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
      JSON.stringify(sync, (_key, value: unknown) => (typeof value === 'string' ? bench.fill(value) : value)),
    ) as Record<string, unknown>;
    const result = await bench.setup.run(filled);
    expect(result.stderr).toMatch(new RegExp(`^${errorClass}: `, 'm'));
    expect(result.exitCode).toBe(errorClass === 'ConfigError' ? 2 : 1);
    expect(result.leftovers).toEqual([]);
    for (const canary of canaries) expect(`${result.stdout}${result.stderr}`).not.toContain(canary);
    bench.setup.polyteia.assertNoViolations();
  });
});

describe('after all attempts', () => {
  it('the sources are as they were', async () => {
    const { rows: orders } = await bench.postgres.query('SELECT id, note FROM orders ORDER BY id');
    expect(orders.map(({ id, note }) => [id, note])).toEqual(ROWS);
    const { rows: tables } = await bench.postgres.query(
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
    );
    expect(tables.map(({ relname }) => relname)).toEqual(['numbers', 'orders', 'x.parquet']);
    const { rows: others } = await bench.postgres.query(
      'SELECT (SELECT count(*)::int FROM pg_largeobject_metadata) AS objects, is_called AS counted FROM numbers',
    );
    expect(others).toEqual([{ objects: 0, counted: false }]);
    for (const server of [bench.mariadb, bench.mysql]) {
      const rows = await server.query('SELECT id, note FROM orders ORDER BY id');
      expect(rows.map(({ id, note }) => [Number(id), note])).toEqual(ROWS);
      const names = await server.query('SHOW TABLES');
      expect(names.flatMap((row) => Object.values(row)).sort()).toEqual(['orders', 'x.parquet']);
    }
  });
});
