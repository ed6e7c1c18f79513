import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExactnessError } from '../../../shared/errors.ts';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { startPostgres } from '../../support/servers/postgres-server.ts';
import { readThroughFerry, type TestServer } from '../../support/sync/read-through-ferry.ts';

// A query can change how its own session prints values, in the middle of its rows.

interface Server extends TestServer, AsyncDisposable {
  query(sql: string): Promise<unknown>;
}

describe('Postgres', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startPostgres();
    await server.query(
      `CREATE TABLE words (n int, t text); INSERT INTO words VALUES (1, 'ü'), (2, 'ü');
       CREATE FUNCTION switch() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
         PERFORM set_config('client_encoding', 'LATIN1', true); RETURN 'ü'; END $$;
       CREATE VIEW switching AS SELECT n, switch() AS t FROM words;
       ALTER DATABASE postgres SET TimeZone = 'GMT'; ALTER DATABASE postgres SET lc_monetary = 'C';
       CREATE TYPE pair AS (d date, n int); CREATE TYPE bytes AS (b bytea, n int);
       CREATE TYPE period AS RANGE (subtype = date);
       CREATE TABLE numbers AS SELECT n, 'ü' AS t FROM generate_series(1, 5) n;
       CREATE FUNCTION resetting(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
         IF n = 2 THEN SET LOCAL client_encoding = 'LATIN1'; END IF;
         IF n = 4 THEN SET LOCAL client_encoding TO DEFAULT; END IF; RETURN n; END $$;
       CREATE VIEW resetting AS SELECT resetting(n) AS n, t FROM numbers;
       CREATE FUNCTION hidden() RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
         PERFORM set_config('datestyle', 'German', true); RETURN 'x'; END $$`,
    );
  });
  afterAll(() => server?.[Symbol.asyncDispose]());
  const refused = async (sync: object) => {
    const error = await readThroughFerry('postgres', server, { sync: { ...sync } }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ExactnessError);
    return (error as Error).message;
  };

  it.each([
    ["SELECT t, set_config('client_encoding', 'LATIN1', true) FROM words", 'client_encoding'],
    ["SELECT t, set_config('client_encoding', 'LATIN1', false) FROM words", 'client_encoding'],
    ["SELECT t, set_config('DateStyle', 'German', true) FROM words", 'DateStyle'],
    ["SELECT now()::text, set_config('timezone', 'Asia/Tokyo', true) FROM words", 'TimeZone'],
    [
      "SELECT set_config('intervalstyle', 'iso_8601', true), interval '1 day' AS i FROM words",
      'IntervalStyle',
    ],
    ["SELECT set_config('bytea_output', 'escape', true), '\\x00'::bytea::text FROM words", 'bytea_output'],
    [
      "SELECT set_config('extra_float_digits', '-15', true), 0.1::float8::text FROM words",
      'extra_float_digits',
    ],
    ["SELECT set_config('lc_monetary', 'C.UTF-8', true), 1::money::text FROM words", 'lc_monetary'],
    [
      "SELECT set_config('search_path', 'pg_catalog', true), 'words'::regclass::text FROM words",
      'search_path',
    ],
    ['SELECT switch() AS t FROM words', 'client_encoding'],
    ['SELECT * FROM switching', 'client_encoding'],
    ['SELECT hidden() AS t FROM words', 'DateStyle'],
  ])('%s is refused', async (query, setting) => {
    const message = await refused({ query });
    expect(message).toMatch(/^The query changes (the|a) setting .* Nothing was uploaded\.$/);
    expect(message).toContain(setting);
    await refused({ query, types: 'compatible' });
  });

  it('one that is reset before the last row is refused too, if the connection chose it', async () => {
    const query =
      "SELECT set_config('client_encoding', CASE n WHEN 1 THEN 'LATIN1' ELSE 'UTF8' END, true) AS a, t FROM words";
    expect(await refused({ query })).toMatch(/client_encoding/);
  });

  const flip = (name: string, value: string, original: string) =>
    `CASE n WHEN 2 THEN set_config('${name}', '${value}', true) WHEN 4 THEN set_config('${name}', '${original}', true) END AS s`;
  const german = flip('DateStyle', 'German, DMY', 'ISO, MDY');
  it.each([
    [flip('IntervalStyle', 'iso_8601', 'postgres'), "interval '1 day'", 'interval'],
    [flip('IntervalStyle', 'iso_8601', 'postgres'), "ARRAY[interval '1 day']", 'interval[]'],
    [german, "(date '2024-01-31', 1)::pair", 'pair'],
    [german, "ARRAY[(date '2024-01-31', 1)::pair]", 'pair[]'],
    [german, "daterange('2024-01-31', NULL)", 'daterange'],
    [german, "datemultirange(daterange('2024-01-31', NULL))", 'datemultirange'],
    [german, "'[2024-01-31,)'::period", 'period'],
    [flip('TimeZone', 'Asia/Tokyo', 'GMT'), 'tstzrange(now(), NULL)', 'tstzrange'],
    [flip('bytea_output', 'escape', 'hex'), "('\\x00'::bytea, 1)::bytes", 'bytes'],
    [flip('extra_float_digits', '-10', '3'), 'point(0.1, 1)', 'point'],
    [flip('extra_float_digits', '-10', '3'), "line '{1,2,3}'", 'line'],
    [flip('lc_monetary', 'POSIX', 'C'), '1.5::money', 'money'],
    [flip('search_path', 'pg_catalog', '"$user", public'), "'words'::regclass", 'regclass'],
  ])('%s is refused if the text of a column depends on it: %s', async (setter, value, type) => {
    const query = `SELECT n, ${setter}, ${value} AS v FROM generate_series(1, 5) AS r (n)`;
    const expected = `while it runs, and the values of column "v" (${type}) depend on it`;
    expect(await refused({ query })).toContain(expected);
    // The setting alone is the query's own affair.
    const { content } = await readThroughFerry('postgres', server, {
      sync: { query: `SELECT n, ${setter} FROM generate_series(1, 5) AS r (n)` },
    });
    expect(content.rowCount).toBe(5);
  });

  it.each([
    ['DateStyle', 'German, DMY', 'ISO, MDY', "date '2024-01-31'"],
    ['TimeZone', 'Asia/Tokyo', 'GMT', "timestamptz '2024-01-31Z'"],
    ['extra_float_digits', '-10', '3', '0.1::float8'],
  ])('%s is refused if `columns` makes the source print values', async (name, value, original, column) => {
    const query = `SELECT n, ${flip(name, value, original)}, ${column} AS v FROM generate_series(1, 5) AS r (n)`;
    expect(await refused({ query, columns: { v: 'text' } })).toContain('the values of column "v"');
    expect((await readThroughFerry('postgres', server, { sync: { query } })).rows).toBe(5);
  });

  it('an encoding that is reset before the last row is refused, because its bytes are not UTF-8', async () => {
    for (const sync of [
      { query: 'SELECT resetting(n), t FROM numbers' },
      { query: 'SELECT resetting(n), ARRAY[t] AS t FROM numbers' },
      { duckdbQuery: 'SELECT * FROM db.resetting' },
    ])
      expect(await refused(sync)).toMatch(/^The query changes the setting client_encoding/);
  });

  it('a view that changes one is refused in a duckdbQuery', async () => {
    expect(await refused({ duckdbQuery: 'SELECT * FROM db.switching' })).toMatch(/client_encoding/);
  });

  describe('a view whose function changes a setting and sets it back', () => {
    beforeAll(() =>
      server.query(
        `CREATE FUNCTION flips(n int, name text, other text, own text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
           RETURN CASE n WHEN 2 THEN set_config(name, other, true) WHEN 4 THEN set_config(name, own, true) END; END $$;
         CREATE TYPE mood AS ENUM ('sad', 'happy')`,
      ),
    );
    const viewOf = async (setter: string, value: string) => {
      await server.query(
        `DROP VIEW IF EXISTS outer_view, inner_view;
         CREATE VIEW inner_view AS SELECT n, ${setter}, ${value} AS v, 'happy'::mood AS m FROM generate_series(1, 5) AS r (n);
         CREATE VIEW outer_view AS SELECT * FROM inner_view WHERE n > 0`,
      );
      return 'SELECT n, s, v FROM db.outer_view';
    };
    it.each([
      ['DateStyle', 'German, DMY', 'ISO, MDY', "daterange('2024-01-31', NULL)", 'daterange'],
      ['DateStyle', 'German, DMY', 'ISO, MDY', "ARRAY[daterange('2024-01-31', NULL)]", 'daterange[]'],
      [
        'DateStyle',
        'German, DMY',
        'ISO, MDY',
        "datemultirange(daterange('2024-01-31', NULL))",
        'datemultirange',
      ],
      ['DateStyle', 'German, DMY', 'ISO, MDY', "'[2024-01-31,)'::period", 'period'],
      ['TimeZone', 'Asia/Tokyo', 'GMT', 'tstzrange(now(), NULL)', 'tstzrange'],
      ['lc_monetary', 'POSIX', 'C', '1.5::money', 'money'],
      ['search_path', 'pg_catalog', '"$user", public', "'words'::regclass", 'regclass'],
    ])('is refused in a duckdbQuery by column: %s %s %s of %s', async (name, other, own, value, type) => {
      for (const setter of [flip(name, other, own), `flips(n, '${name}', '${other}', '${own}') AS s`]) {
        const duckdbQuery = await viewOf(setter, value);
        const changing = `while it runs, and the values of column "v" (${type}) depend on it`;
        const column = `Column "v" (${type}) of db.public.outer_view cannot be read`;
        const compatible = type.endsWith('[]')
          ? `${column} by duckdbQuery: functions behind db.public.outer_view may change`
          : changing;
        expect(await refused({ duckdbQuery, types: 'compatible' })).toContain(compatible);
        const exact = /\[\]|money/.test(type) ? `${column} exactly by duckdbQuery` : changing;
        expect(await refused({ duckdbQuery })).toContain(exact);
      }
    });

    it('may be read for columns that do not depend on it, and with functions that change nothing', async () => {
      const flipping = await viewOf(
        "flips(n, 'DateStyle', 'German, DMY', 'ISO, MDY') AS s",
        "daterange('2024-01-31', NULL)",
      );
      const read = async (duckdbQuery: string) =>
        (await readThroughFerry('postgres', server, { sync: { duckdbQuery } })).content;
      expect((await read(flipping.replace(', v', ', m'))).rows.length).toBe(5);
      await server.query("CREATE FUNCTION harmless() RETURNS text LANGUAGE sql AS $$ SELECT 'x'::text $$");
      const calm = await viewOf('harmless() AS s', "daterange('2024-01-31', NULL)");
      const all = calm.replace('n, s, v', '*').concat(" WHERE n = 3 AND m = 'happy'");
      expect((await read(all)).rows).toEqual([[3, 'x', '[2024-01-31,)', 'happy']]);
    });
  });

  it('a policy that changes one is refused in a duckdbQuery, which then reads over one connection', async () => {
    await server.query(
      `CREATE TABLE guarded AS SELECT i AS id, repeat('x', 200) AS pad FROM generate_series(1, 80000) i;
       ANALYZE guarded;
       CREATE FUNCTION peek(id int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
         IF id = current_setting('test.at')::int THEN PERFORM set_config('client_encoding', 'LATIN1', true); END IF; RETURN true; END $$;
       ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
       CREATE POLICY peeking ON guarded USING (peek(id));
       CREATE ROLE guest LOGIN PASSWORD 'guest'; GRANT SELECT ON guarded TO guest;`,
    );
    const login = { ...server, user: 'guest', password: 'guest' };
    const read = async (at: number) => {
      await server.query(`ALTER ROLE guest SET test.at = '${at}'`);
      const sync = { duckdbQuery: 'SELECT * FROM db.guarded' };
      return readThroughFerry('postgres', login, { sync, threads: 3, withContent: false });
    };
    expect(await read(0)).toMatchObject({
      rows: 80_000,
      reading: { mode: 'single', reason: 'row-level security applies to the login' },
    });
    // Wherever the row is.
    for (const at of [1, 40_000, 79_999])
      await expect(read(at)).rejects.toThrow('The query changes the setting client_encoding');
  });

  it('settings that do not affect values may change', async () => {
    const query =
      "SELECT n, set_config('shop.tenant', '7', true) AS tenant, set_config('work_mem', '8MB', true) AS w FROM words";
    const { content } = await readThroughFerry('postgres', server, { sync: { query } });
    expect(content.rows).toEqual([
      [1, '7', '8MB'],
      [2, '7', '8MB'],
    ]);
  });
});

describe.each(['mariadb', 'mysql'] as const)('%s', (flavor) => {
  let server: Server;
  beforeAll(async () => {
    server = await startMysql({ flavor, settings: { 'log-bin-trust-function-creators': 'ON' } });
    await server.query(
      `CREATE TABLE ferry.words (n int, t varchar(100), due date);
       INSERT INTO ferry.words VALUES (1, 'ü', '2026-01-01'), (2, 'ü lang und länger', NULL);
       CREATE FUNCTION ferry.latin() RETURNS int BEGIN SET SESSION character_set_results = 'latin1'; RETURN 1; END;
       CREATE TABLE ferry.moments (n int, at timestamp);
       INSERT INTO ferry.moments VALUES (1, FROM_UNIXTIME(1700000000)), (2, FROM_UNIXTIME(1700000000)), (3, NULL);
       CREATE FUNCTION ferry.moves() RETURNS int BEGIN SET time_zone = '+09:00'; RETURN 1; END;
       CREATE FUNCTION ferry.moves_too() RETURNS int BEGIN SET @@session.time_zone := 'SYSTEM'; RETURN 1; END;
       CREATE FUNCTION ferry.calls() RETURNS int RETURN ferry.moves() + 1;
       CREATE FUNCTION ferry.asks(n int) RETURNS int BEGIN
         IF n = 2 THEN SET SESSION character_set_results = 'ascii'; ELSE SET SESSION character_set_results = 'utf8mb4'; END IF; RETURN 1; END;
       CREATE FUNCTION ferry.goes_back() RETURNS text BEGIN DECLARE old text; SET old = @@time_zone; SET time_zone = '+09:00';
         SET @x = DATE_FORMAT(FROM_UNIXTIME(0), '%H'); SET time_zone = old; RETURN @x; END;
       CREATE FUNCTION ferry.mentions() RETURNS int BEGIN SET @time_zone = 'x'; RETURN (SELECT COUNT(*) FROM moments WHERE n = 1); END;
       CREATE VIEW ferry.moving AS SELECT n, calls() AS c, at FROM ferry.moments;
       CREATE VIEW ferry.latin_words AS SELECT latin() AS x, t FROM ferry.words`,
    );
  }, 300_000);
  afterAll(() => server?.[Symbol.asyncDispose]());

  it.each([
    { query: 'SELECT t, latin() AS x FROM words' },
    { query: 'SELECT latin() AS x, n, t, due FROM words' },
    { duckdbQuery: 'SELECT t, x FROM db.latin_words' },
  ])('text stays UTF-8, or is refused: %s', async (sync) => {
    for (const types of ['exact', 'compatible']) {
      const result = await readThroughFerry('mysql', server, { sync: { ...sync, types } }).catch(
        (thrown) => thrown,
      );
      if (flavor === 'mariadb') {
        expect(result).toBeInstanceOf(ExactnessError);
        expect(result.message).toMatch(/^The function latin, .* changes the setting character_set_results/);
      } else {
        // MySQL has settled by then how it sends a column.
        const at = sync.query?.startsWith('SELECT latin') ? 2 : 0;
        expect(result.content.rows.map((row: unknown[]) => row[at])).toEqual(['ü', 'ü lang und länger']);
      }
    }
  });

  it.each([
    [{ query: 'SELECT n, moves() AS m, at FROM moments' }, 'moves', 'time_zone'],
    [{ query: 'SELECT n, moves_too() AS m, at FROM moments' }, 'moves_too', 'time_zone'],
    [{ query: 'SELECT * FROM moving' }, 'moves', 'time_zone'],
    [{ duckdbQuery: 'SELECT * FROM db.moving' }, 'moves', 'time_zone'],
    ...(flavor === 'mysql'
      ? []
      : ([[{ query: 'SELECT n, asks(n) AS a, t FROM words' }, 'asks', 'character_set_results']] as const)),
  ] as const)('a function that changes a setting is refused by its name: %j', async (sync, name, setting) => {
    for (const types of ['exact', 'compatible']) {
      const error = await readThroughFerry('mysql', server, { sync: { ...sync, types } }).catch(
        (thrown) => thrown,
      );
      expect(error).toBeInstanceOf(ExactnessError);
      expect(error.message).toMatch(
        new RegExp(
          `^The function ${name}, which the query calls, changes the setting ${setting} of the session`,
        ),
      );
    }
  });

  describe('behind SQL that the login may not see', () => {
    beforeAll(() =>
      server.query(
        `CREATE FUNCTION ferry.flips(n int) RETURNS int BEGIN
           IF n = 1 THEN SET time_zone = '+09:00', character_set_results = 'latin1'; END IF;
           IF n = 3 THEN SET time_zone = '+00:00', character_set_results = 'utf8mb4'; END IF; RETURN n; END;
         CREATE PROCEDURE ferry.calmly() BEGIN SET @x = 1; END;
         CREATE PROCEDURE ferry.moves_by_call() BEGIN SET time_zone = '+09:00'; END;
         CREATE FUNCTION ferry.calling() RETURNS int BEGIN CALL calmly(); CALL ferry.moves_by_call; RETURN 1; END;
         CREATE TABLE ferry.events (n int, at timestamp, t varchar(20));
         INSERT INTO ferry.events VALUES (1, FROM_UNIXTIME(1700000000), 'Ã¼'), (2, NULL, 'ü'), (3, FROM_UNIXTIME(1700000000), NULL);
         CREATE SQL SECURITY DEFINER VIEW ferry.flipping AS SELECT flips(n) AS n, at, t FROM ferry.events;
         CREATE SQL SECURITY DEFINER VIEW ferry.above AS SELECT * FROM ferry.flipping WHERE n > 0 OR n IS NULL;
         CREATE SQL SECURITY DEFINER VIEW ferry.calm AS SELECT n, at, t, n / 3 AS third, 0.5e0 AS half FROM ferry.events;
         CREATE USER blind IDENTIFIED BY 'blind';
         GRANT SELECT ON ferry.* TO blind; GRANT EXECUTE ON FUNCTION ferry.flips TO blind`,
      ),
    );
    const readBlindly = (sync: object) =>
      readThroughFerry('mysql', { ...server, user: 'blind', password: 'blind' }, { sync: { ...sync } });
    const changing = (column: string, setting: string) =>
      new RegExp(
        `^The query changes a setting while it runs, and the values of column "${column}" .*\\(${setting}\\)\\.`,
      );

    it.each([
      { query: 'SELECT n, at FROM flipping' },
      { query: 'SELECT n, at FROM above' },
      { query: 'SELECT flips(n) AS n, at FROM events' },
      { query: 'SELECT n, at FROM flipping', columns: { at: 'text' } },
      { duckdbQuery: 'SELECT n, "at" FROM db.flipping' },
      { duckdbQuery: 'SELECT * EXCLUDE (t) FROM db.above' },
    ])('a time zone that is changed and set back is noticed: %j', async (sync) => {
      for (const types of ['exact', 'compatible'])
        await expect(readBlindly({ ...sync, types })).rejects.toThrow(changing('at', 'time_zone'));
    });

    it.each([
      { query: 'SELECT n, t FROM flipping' },
      { query: 'SELECT flips(n) AS n, t FROM events' },
      { duckdbQuery: 'SELECT n, t FROM db.above' },
    ])('so is a character set, where it matters: %j', async (sync) => {
      if (flavor === 'mariadb')
        await expect(readBlindly(sync)).rejects.toThrow(changing('t', 'character_set_results'));
      else
        expect((await readBlindly(sync)).content.rows).toEqual([
          [1, 'Ã¼'],
          [2, 'ü'],
          [3, null],
        ]);
    });

    it('a view that changes nothing is read, by itself without a warning', async () => {
      const at = '2023-11-14T22:13:20.000000';
      const rows = [
        [1, at, 'Ã¼', '0.3333', 0.5],
        [2, null, 'ü', '0.6667', 0.5],
        [3, at, null, '1.0000', 0.5],
      ];
      const first = await readBlindly({ query: 'SELECT * FROM calm ORDER BY n' });
      expect([first.content.rows, first.warnings]).toEqual([rows, []]);
      const second = await readBlindly({ duckdbQuery: 'SELECT * FROM db.calm ORDER BY n' });
      expect([second.content.rows, second.warnings]).toEqual([rows, []]);
      const joined = await readBlindly({
        duckdbQuery: 'SELECT c."at" FROM db.calm AS c JOIN db.events AS e USING (n) WHERE n = 1',
      });
      expect(joined.content.rows).toEqual([[at]]);
      expect(joined.warnings).toEqual([
        expect.stringMatching(
          /^The login may not see all of the SQL behind db\.ferry\.calm: .* Grant the login SHOW VIEW/,
        ),
      ]);
    });

    it('a view is read with a warning if watching over it could damage other columns', async () => {
      await server.query(
        'CREATE SQL SECURITY DEFINER VIEW ferry.rounded AS SELECT n, t, ROUND(0.125e0 * n, 2) AS r FROM ferry.events',
      );
      const told = /^The login may not see all of the SQL behind .* changes character_set_results while /;
      const warnings = flavor === 'mariadb' ? [expect.stringMatching(told)] : [];
      for (const sync of [
        { query: 'SELECT t, r FROM rounded' },
        { duckdbQuery: 'SELECT t, r FROM db.rounded' },
      ]) {
        const read = await readBlindly(sync);
        expect([read.rows, read.warnings]).toEqual([3, warnings]);
      }
      // With the time, it must be wrapped.
      const whole = readBlindly({ query: 'SELECT e.at, r.r FROM rounded AS r JOIN events AS e USING (n)' });
      if (flavor === 'mysql') expect((await whole).rows).toBe(3);
      else await expect(whole).rejects.toThrow('which MariaDB may truncate in this query');
    });

    it('a procedure that a function calls is found', async () => {
      await expect(
        readThroughFerry('mysql', server, { sync: { query: 'SELECT calling() AS c, at FROM events' } }),
      ).rejects.toThrow('The procedure moves_by_call, which the query calls, changes the setting time_zone');
    });
  });

  it('a function that sets it back, or only sounds like it, may be called', async () => {
    const query = 'SELECT n, goes_back() AS b, mentions() AS m, at FROM moments ORDER BY n';
    const { content } = await readThroughFerry('mysql', server, { sync: { query } });
    expect(content.rows).toEqual([
      [1, '09', 1, '2023-11-14T22:13:20.000000'],
      [2, '09', 1, '2023-11-14T22:13:20.000000'],
      [3, '09', 1, null],
    ]);
  });
});
