import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExactnessError } from '../../../shared/errors.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import { startPostgres } from '../../support/servers/postgres-server.ts';
import { readThroughFerry } from '../../support/sync/read-through-ferry.ts';
import { ODBC_DRIVERS, odbcDrivers } from '../../support/tools/odbc-drivers.ts';

// Limits of servers that give less than all of a result, and at most a warning, which no client of Ferry's sees.

const MEGABYTE = 1024 ** 2;

describe('Postgres', () => {
  it.each(['role', 'database'])('gin_fuzzy_search_limit of a %s', async (owner) => {
    await using server = await startPostgres();
    await server.query(
      `CREATE TABLE tagged AS SELECT n AS id, ARRAY[1, n] AS tags FROM generate_series(1, 20000) AS n;
       CREATE INDEX ON tagged USING gin (tags); ANALYZE tagged;
       ALTER ${owner} postgres SET gin_fuzzy_search_limit = 5; ALTER ${owner} postgres SET enable_seqscan = off`,
    );
    const query = 'SELECT id FROM tagged WHERE tags @> ARRAY[1]';
    expect((await readThroughFerry('postgres', server, { sync: { query } })).rows).toBe(20_000);
  });
});

describe.each(['mariadb', 'mysql'] as const)('%s', (flavor) => {
  let server: MysqlServer;
  let odbc: Record<string, unknown>;
  beforeAll(async () => {
    server = await startMysql({ flavor });
    odbc = {
      odbc: { product: 'mariadb', driver: join(await odbcDrivers(), ODBC_DRIVERS.mariadb) },
    };
    await server.query(
      `SET GLOBAL max_allowed_packet = ${64 * MEGABYTE};
       CREATE TABLE ferry.rows_ (n int); INSERT INTO ferry.rows_ VALUES (1), (2), (3)`,
    );
    await server.query(
      `CREATE TABLE ferry.long_ (n int, t longtext, b longblob);
       INSERT INTO ferry.long_ VALUES (1, REPEAT('é', ${MEGABYTE}), REPEAT('x', ${2 * MEGABYTE})), (2, NULL, NULL), (3, 'ü', 'y');
       SET GLOBAL max_allowed_packet = ${MEGABYTE}, GLOBAL sql_select_limit = 1, GLOBAL group_concat_max_len = 4`,
    );
  }, 300_000);
  afterAll(() => server?.stop());
  const read = async (sync: Record<string, unknown>, source?: Record<string, unknown>) => {
    const type = source === undefined ? 'mysql' : 'odbc';
    return (await readThroughFerry(type, server, { sync, ...(source ? { source } : {}) })).content.rows;
  };
  const lengths = (rows: unknown[][]) =>
    rows.map(([, value]) => (value === null ? null : String(value).length));

  it.each(['query', 'duckdbQuery', 'odbc'])('sql_select_limit: %s', async (how) => {
    const sync =
      how === 'duckdbQuery' ? { duckdbQuery: 'SELECT n FROM db.rows_' } : { query: 'SELECT n FROM rows_' };
    expect(await read(sync, how === 'odbc' ? odbc : undefined)).toHaveLength(3);
  });

  it.each(['query', 'odbc'])('group_concat_max_len: %s', async (how) => {
    const query = "SELECT GROUP_CONCAT(DISTINCT n * 1000 ORDER BY n SEPARATOR ' ') AS g FROM rows_";
    expect(await read({ query }, how === 'odbc' ? odbc : undefined)).toEqual([['1000 2000 3000']]);
  });

  // MySQL makes such a text as long as it is.
  it.each([
    { query: 'SELECT n, GROUP_CONCAT(t) AS g FROM longs GROUP BY n' },
    { query: 'SELECT GROUP_CONCAT(t) AS g, CURDATE() AS d FROM longs' },
    { query: 'SELECT g FROM joined' },
    { query: 'SELECT g FROM joined', types: 'compatible' },
    { duckdbQuery: 'SELECT g FROM db.joined' },
    { duckdbQuery: 'SELECT g FROM db.joined', types: 'compatible' },
    { query: 'SELECT g FROM joined', odbc: true },
  ])('GROUP_CONCAT beyond max_allowed_packet is whole or refused: %o', async ({ odbc: through, ...sync }) => {
    await server.query(
      `CREATE TABLE IF NOT EXISTS ferry.longs (n int, t longtext); DELETE FROM ferry.longs;
       CREATE OR REPLACE VIEW ferry.joined AS SELECT GROUP_CONCAT(t) AS g, COUNT(*) AS c FROM ferry.longs;
       INSERT INTO ferry.longs VALUES (1, REPEAT('é', 300000)), (1, REPEAT('é', 300000))`,
    );
    const result = await read(sync, through ? odbc : undefined).catch((error: unknown) => error);
    if (flavor === 'mariadb') {
      expect(result).toBeInstanceOf(ExactnessError);
      expect((result as Error).message).toMatch(/Column "g" .* max_allowed_packet/);
    } else expect((result as unknown[][]).flat().map((value) => String(value).length)).toContain(600_001);
    // Shorter ones arrive.
    await server.query(`DELETE FROM ferry.longs LIMIT 1; UPDATE ferry.longs SET t = REPEAT('é', 100000)`);
    const short = (await read(sync, through ? odbc : undefined)).flat();
    expect(short.map((value) => String(value).length)).toContain(100_000);
  });

  it('GROUP_CONCAT of bytes beyond max_allowed_packet is whole or refused', async () => {
    await server.query(
      `CREATE TABLE ferry.parts (b longblob); INSERT INTO ferry.parts VALUES (REPEAT('x', 600000)), (REPEAT('y', 600000))`,
    );
    const query = 'SELECT GROUP_CONCAT(b) AS g FROM parts';
    const result = await read({ query }).catch((error: unknown) => error);
    if (flavor === 'mariadb') {
      expect(result).toBeInstanceOf(ExactnessError);
      expect((result as Error).message).toMatch(/Column "g" .* contains bytes as long as max_allowed_packet/);
    } else expect(String((result as unknown[][])[0]?.[0])).toHaveLength(2 * 1_200_001);
    await server.query('DELETE FROM ferry.parts LIMIT 1');
    expect(String((await read({ query }))[0]?.[0])).toHaveLength(2 * 600_000);
  });

  it.each(['query', 'duckdbQuery', 'odbc'])('a strict sql_mode takes what lifts them: %s', async (how) => {
    await server.query(`SET GLOBAL sql_mode = 'TRADITIONAL'`);
    try {
      const sync =
        how === 'duckdbQuery' ? { duckdbQuery: 'SELECT n FROM db.rows_' } : { query: 'SELECT n FROM rows_' };
      expect(await read(sync, how === 'odbc' ? odbc : undefined)).toHaveLength(3);
    } finally {
      await server.query('SET GLOBAL sql_mode = DEFAULT');
    }
  });

  it('max_recursive_iterations', async () => {
    const query = `WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 1500) SELECT COUNT(*) AS c FROM t`;
    // MySQL refuses it, with an error.
    if (flavor === 'mysql') await server.query('SET GLOBAL cte_max_recursion_depth = 2000');
    expect(await read({ query })).toEqual([[1500]]);
  });

  it.each([{}, { columns: { t: 'text' } }])('max_allowed_packet: a long text, %o', async (more) => {
    const rows = await read({ query: 'SELECT n, t FROM long_ ORDER BY n', ...more });
    expect(lengths(rows)).toEqual([MEGABYTE, null, 1]);
  });

  it.each([{}, { columns: { v: 'text' } }])(
    'max_allowed_packet, through ODBC: a long value arrives or is refused, %o',
    async (more) => {
      for (const [column, length] of [
        ['t', MEGABYTE],
        ...('columns' in more ? [] : ([['b', 4 * MEGABYTE]] as const)),
      ] as const) {
        const query = `SELECT n, ${column} AS v FROM long_ ORDER BY n`;
        const result = await read({ query, ...more }, odbc).catch((error: unknown) => error);
        if (result instanceof ExactnessError) {
          expect(result.message).toMatch(/Column "v" .* max_allowed_packet/);
          const short = await read({ query: query.replace('ORDER', 'WHERE n > 1 ORDER'), ...more }, odbc);
          expect(lengths(short)).toEqual([null, column === 't' ? 1 : 2]);
        } else expect(lengths(result as unknown[][])).toEqual([length, null, column === 't' ? 1 : 2]);
      }
    },
  );
});
