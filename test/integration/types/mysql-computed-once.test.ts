import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGeneralLog, takeGeneralLog } from '../../support/servers/general-log.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import { readThroughFerry } from '../../support/sync/read-through-ferry.ts';
import { ODBC_DRIVERS, odbcDrivers } from '../../support/tools/odbc-drivers.ts';

// Next to a date, Ferry has the source say whether there is one. If the server computes the value separately for each of the
// two, they may not match, and a function that counts its calls counts each row twice.

const ROWS = 500;

describe.each(['mariadb', 'mysql'] as const)('%s', (flavor) => {
  let server: MysqlServer;
  let odbc: Record<string, unknown>;
  beforeAll(async () => {
    server = await startMysql({ flavor });
    odbc = { odbc: { product: 'mariadb', driver: join(await odbcDrivers(), ODBC_DRIVERS.mariadb) } };
    await server.query(
      `SET GLOBAL log_bin_trust_function_creators = 1;
       CREATE TABLE ferry.days (id int, d date);
       INSERT INTO ferry.days WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n WHERE n < ${ROWS}) SELECT n, '2024-01-01' FROM n;
       CREATE FUNCTION ferry.coin() RETURNS int NOT DETERMINISTIC NO SQL RETURN RAND() < 0.5;
       CREATE FUNCTION ferry.calls() RETURNS int NOT DETERMINISTIC NO SQL BEGIN SET @calls = IFNULL(@calls, 0) + 1; RETURN @calls; END;
       CREATE TABLE ferry.moments AS SELECT id, d, CAST('2024-01-02 03:04:05' AS datetime) AS at, 'ü' AS ferry_k1, id / 3e0 AS x FROM ferry.days;
       ALTER TABLE ferry.moments MODIFY at timestamp;
       CREATE USER reader@'%' IDENTIFIED BY 'reader'; GRANT SELECT ON ferry.* TO reader@'%'; GRANT EXECUTE ON FUNCTION ferry.coin TO reader@'%';
       CREATE FUNCTION ferry.twice(n int) RETURNS int DETERMINISTIC NO SQL RETURN 2 * n;
       CREATE FUNCTION ferry.claims(n int) RETURNS int DETERMINISTIC NO SQL RETURN n + coin();
       CREATE VIEW ferry.coins AS SELECT id, IF(coin(), NULL, d) AS v FROM days;
       CREATE VIEW ferry.chances AS SELECT id, IF(RAND() < 0.5, NULL, d) AS v FROM days`,
    );
  }, 300_000);
  afterAll(() => server?.stop());
  const read = async (sync: Record<string, unknown>) =>
    (await readThroughFerry('mysql', server, { sync })).content.rows;

  it.each([
    'SELECT IF(coin(), NULL, d) AS v FROM days',
    'SELECT CAST(IF(coin(), NULL, 12345678901234567890.5) AS DECIMAL(30,2)) AS v FROM days',
    'SELECT IF(MICROSECOND(SYSDATE(6)) % 2, NULL, d) AS v FROM days',
    'SELECT IF(RAND /* of the server */ () < 0.5, NULL, d) AS v FROM days',
    'SELECT IF(LAST_INSERT_ID(LAST_INSERT_ID() + 1) % 2, NULL, d) AS v FROM days',
    'SELECT v FROM coins',
    'SELECT v FROM chances',
  ])('%s', async (query) => {
    for (const columns of [{}, { v: 'text' }]) {
      const values = (await read({ query, columns })).map(([v]) => v);
      expect(values).toHaveLength(ROWS);
      expect(new Set(values).size).toBe(2);
    }
  });

  it.each(['coins', 'chances'])('a duckdbQuery over the view %s', async (view) => {
    const rows = await read({ duckdbQuery: `SELECT v FROM db.${view}` });
    expect(new Set(rows.map(([v]) => v)).size).toBe(2);
  });

  it.each([
    'SELECT ferry_k1, at, IF(coin(), NULL, d) AS v FROM moments ORDER BY id DESC',
    'SELECT at, ferry_k1, coin() AS c, IF(RAND() < 0.5, NULL, d) AS v FROM moments',
  ])('the login may not see the SQL of the function: %s', async (query) => {
    const login = { ...server, user: 'reader', password: 'reader' };
    const { content } = await readThroughFerry('mysql', login, { sync: { query } });
    expect(content.rows).toHaveLength(ROWS);
    expect(new Set(content.rows.map((row) => row.at(-1))).size).toBe(2);
    expect(new Set(content.rows.flatMap((row) => row.slice(0, 2)))).toEqual(
      new Set(['ü', '2024-01-02T03:04:05.000000']),
    );
  });

  it('a rounded number beside it stays whole', async () => {
    const query =
      'SELECT coin() AS c, ROUND(x, 1) + ROUND(x, 2) / 3 AS r, d AS v FROM moments WHERE id <= 3 ORDER BY id';
    const expected = [0.3 + 0.33 / 3, 0.7 + 0.67 / 3, 1 + 1 / 3];
    const rows = await read({ query });
    expect(rows.map(([, number]) => number)).toEqual(expected.map((number) => expect.closeTo(number, 14)));
  });

  it.each([
    ['of a DETERMINISTIC function, which gives the same value twice', 'twice(id)', false],
    ['of one that only claims to be', 'claims(id)', true],
  ])('the server stores the rows where it must: %s', async (_what, called, isStored) => {
    await startGeneralLog(server);
    await takeGeneralLog(server);
    await read({ query: `SELECT ${called} AS n, d AS v FROM days` });
    const connections = await takeGeneralLog(server);
    const statements = connections.flatMap(({ ran, prepared }) => [...ran, ...prepared]);
    const wrapped = statements.filter((sql) => sql.includes(called) && sql.includes('AS q'));
    expect(wrapped.length).toBeGreaterThan(0);
    expect(wrapped.some((sql) => /NO_MERGE|LIMIT 18446744073709551615/.test(sql))).toBe(isStored);
  });

  it('a function is called once for each row', async () => {
    const days = 'SELECT id, DATE_ADD(d, INTERVAL calls() DAY) AS v FROM days WHERE id < 4';
    const expected = [
      [1, '2024-01-02'],
      [2, '2024-01-03'],
      [3, '2024-01-04'],
    ];
    expect(await read({ query: days })).toEqual(expected);
    const numbers = 'SELECT id, CAST(calls() AS DECIMAL(30,0)) AS v FROM days WHERE id < 4 ORDER BY id';
    expect(await read({ query: numbers })).toEqual([
      [1, '1'],
      [2, '2'],
      [3, '3'],
    ]);
    const through = { sync: { query: days }, source: odbc };
    expect((await readThroughFerry('odbc', server, through)).content.rows).toEqual(expected);
  });
});
