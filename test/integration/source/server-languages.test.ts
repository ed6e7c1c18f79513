import mysql from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ferryConfigSchema, type SourceConfig } from '../../../shared/config/schema/ferry-config.ts';
import { resolveLogin } from '../../../shared/source/credentials/credentials.ts';
import { ofStatement } from '../../../shared/source/sessions/explain-unknown.ts';
import { SourceSession } from '../../../shared/source/sessions/session.ts';
import { type FerryFolder, type FerryRun, setUpFerryFolder } from '../../support/cli/ferry-folder.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';
import { sessionSurroundings } from '../../support/source/token-sources.ts';
import { readThroughFerry } from '../../support/sync/read-through-ferry.ts';

// What a server answers is in the language of its lc_messages. DuckDB's client gives the text alone, without the code.

let ferry: FerryFolder;
beforeAll(async () => {
  ferry = await setUpFerryFolder();
});
afterAll(() => ferry[Symbol.asyncDispose]());

const READER = { username: 'reader', password: 'right' };

interface Expected {
  class: string;
  message: RegExp | string;
  hint?: RegExp;
}

async function expectError(run: Omit<FerryRun, 'login'> & { login?: FerryRun['login'] }, expected: Expected) {
  const { error } = await ferry.run({ login: READER, ...run });
  expect(error).toMatchObject({
    class: expected.class,
    message: expect.stringMatching(expected.message),
    ...(expected.hint ? { hint: expect.stringMatching(expected.hint) } : {}),
  });
  // The server was reached.
  expect(`${error?.message} ${error?.hint}`).not.toMatch(/security groups|routes|cannot be reached/);
}

const refusals: (Expected & { what: string; run?: Partial<FerryRun>; database?: string })[] = [
  {
    what: 'a wrong password',
    run: { login: { ...READER, password: 'wrong' } },
    class: 'AuthError',
    message: /refused the login of user "reader"/,
  },
  {
    what: 'an unknown user',
    run: { login: { username: 'nobody', password: 'right' } },
    class: 'AuthError',
    message: /refused the login of user "nobody"/,
  },
  {
    what: 'an unknown database',
    run: { login: { username: 'ferry', password: 'ferry' } },
    database: 'nodb',
    class: 'ConfigError',
    message: /has no database "nodb"/,
  },
  {
    what: 'a database that the login may not enter',
    run: { login: { username: 'outsider', password: 'right' } },
    class: 'AuthError',
    message: /denies user "outsider" access to database/,
  },
  {
    what: 'a user whose connections are all in use',
    run: { login: { username: 'busy', password: 'right' } },
    class: 'SourceUnavailableError',
    message: /has no connections left/,
  },
];

describe.each([
  // The encoding of the server's own environment, which its messages have before the login: it is not UTF-8 …
  {
    language: 'fr',
    environment: { OUTPUT_CHARSET: 'ISO-8859-1' },
    table: /la relation « nix » n'existe pas \(line 2, column 6\)/,
  },
  { language: 'es', table: /no existe la relación «nix» \(line 2, column 6\)/ },
  { language: 'ja', table: /リレーション"nix"は存在しません \(line 2, column 6\)/ },
  // … or it has none for the message. Here the word before the message is another one, too.
  {
    language: 'ru',
    environment: { LC_CTYPE: 'C' },
    table: /отношение "nix" не существует \(line 2, column 6\)/,
  },
])('Postgres with messages in $language ($environment)', ({ language, environment = {}, table }) => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({
      binaries: '15',
      language,
      environment,
      hba: ['host all walled all reject'],
    });
    await server.query(`
      CREATE ROLE reader LOGIN PASSWORD 'right';
      CREATE ROLE ferry LOGIN PASSWORD 'ferry';
      CREATE ROLE outsider LOGIN PASSWORD 'right';
      CREATE ROLE walled LOGIN PASSWORD 'right';
      CREATE ROLE busy LOGIN PASSWORD 'right' CONNECTION LIMIT 0;
      REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
      GRANT CONNECT ON DATABASE postgres TO reader, ferry, walled, busy;
      CREATE TABLE hidden (id int);
      CREATE FUNCTION wait(seconds int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_sleep(seconds); RETURN 1; END';
      CREATE TABLE slow (id int); INSERT INTO slow SELECT generate_series(1, 3); GRANT SELECT ON slow TO reader`);
    await server.query('CREATE DATABASE closed ALLOW_CONNECTIONS false');
  });
  afterAll(() => server?.stop());
  const source = (database?: string) => ({
    ...sourceConfig(server, 'erp'),
    ...(database ? { database } : {}),
  });

  it('uses the language', async () => {
    const answer = await server.query('SELECT * FROM nix').catch((error: Error) => error.message);
    expect(answer).not.toMatch(/does not exist/);
  });

  it.each([
    ...refusals,
    {
      what: 'a database that takes no connections',
      database: 'closed',
      class: 'ConfigError',
      message: /^The database "closed" at \S+ takes no connections\.$/,
      hint: /ALLOW_CONNECTIONS false/,
    },
    {
      what: 'a rule of pg_hba.conf',
      run: { login: { username: 'walled', password: 'right' } },
      class: 'AuthError',
      message: /denies user "walled" access to database "postgres"/,
    },
  ])('explains $what', async ({ run, database, ...expected }: (typeof refusals)[number]) => {
    await expectError({ source: source(database), ...run }, expected);
  });

  it.each([
    { what: 'an unknown table', query: 'SELECT *\nFROM nix', class: 'QueryError', message: table },
    {
      what: 'a syntax error',
      query: 'SELEC 1',
      class: 'QueryError',
      message: /SELEC.* \(line 1, column 1\)\.$/,
    },
    {
      what: 'several statements',
      query: 'SELECT 1 AS id; SELECT 2',
      class: 'QueryError',
      message: /^The source refused the query: .* \(line 1, column \d+\)\.$/,
    },
    {
      what: 'several statements in the disguise of a subquery',
      query: 'SELECT 1 AS id) AS q; SELECT 2; SELECT * FROM (SELECT 3',
      class: 'QueryError',
      message: /refused the query|several statements/,
    },
    {
      what: 'what is no SELECT',
      query: 'show all',
      class: 'QueryError',
      message: /^The query is not one SELECT that only reads\.$/,
    },
    {
      what: 'a table without permission',
      query: 'SELECT * FROM hidden',
      class: 'QueryError',
      message: /^The source denied the query: the login lacks a permission\.$/,
    },
    {
      what: 'a value that does not fit',
      query: "SELECT ('geheim' || id)::int AS n FROM slow",
      class: 'QueryError',
      message:
        /^(The query failed at the source while Ferry read its result|A value does not fit the type that the query casts it to)\.$/,
    },
  ])('explains $what', async ({ what: _what, query, ...expected }) => {
    await expectError({ source: source(), query }, expected);
  });

  it('knows a lock that a scan waits for, and a query that writes', async () => {
    const locker = new pg.Client({ ...server });
    await locker.connect();
    await locker.query(
      `ALTER ROLE ferry SET lock_timeout = '100ms'; CREATE TABLE written (id int);
       GRANT ALL ON written, slow TO ferry;
       CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'INSERT INTO written VALUES (1) RETURNING 1'`,
    );
    const read = (sync: object) =>
      readThroughFerry('postgres', { ...server, user: 'ferry', password: 'ferry' }, { sync: { ...sync } });
    await locker.query('BEGIN; LOCK TABLE slow');
    await expect(read({ duckdbQuery: 'SELECT id FROM db.slow' })).rejects.toMatchObject({
      class: 'SourceUnavailableError',
      message: expect.stringContaining('is locked at the source'),
    });
    await locker.query('ROLLBACK');
    await locker.end();
    await expect(read({ query: 'SELECT writes() AS w' })).rejects.toThrow(/^The query tries to write/);
  });

  it('waits for a lock no longer than it may, and tries again', async () => {
    await using surroundings = await sessionSurroundings();
    const session = await openSession(surroundings);
    const holder = new pg.Client({ ...server });
    await holder.connect();
    const prepared = (locked: string) =>
      session
        .transaction(async () => {
          await session.execute('describe', "SET LOCAL lock_timeout = '50ms'");
          await holder.query(`BEGIN; LOCK TABLE slow IN ACCESS EXCLUSIVE MODE`);
          await session.describe(session.relationOf(locked)).catch(ofStatement(locked));
        })
        .catch((error: Error) => error);
    const outcome = await prepared('SELECT * FROM slow');
    await holder.end();
    session.close();
    expect(outcome).toMatchObject({
      class: 'SourceUnavailableError',
      message: expect.stringContaining('is locked at the source'),
    });
  });

  it('names the column of a value that cannot be written', async () => {
    await expectError(
      {
        source: source(),
        query: "SELECT id, CASE id WHEN 2 THEN 'NaN' ELSE 0.5 END::numeric(5,2) AS amount FROM slow",
      },
      { class: 'ExactnessError', message: /^Column "amount" \(numeric\(5,2\)\) contains NaN or Infinity/ },
    );
  });

  const openSession = async (surroundings: Awaited<ReturnType<typeof sessionSurroundings>>) =>
    SourceSession.open({
      ...surroundings.options,
      source: ferryConfigSchema.parse({ version: 1, sources: { erp: source() } }).sources.erp as SourceConfig,
      login: { ...server, ...READER },
      folder: await surroundings.folder(),
    });

  it('explains that the server closed the connection during a query', async () => {
    await using surroundings = await sessionSurroundings();
    const session = await openSession(surroundings);
    const reading = session.transaction(() => session.askSource('read', 'SELECT pg_sleep(60)::text AS nap'));
    const outcome = reading.catch((error: Error) => error);
    await waitFor(
      'the query to run',
      async () => {
        const { rows } = await server.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader' AND query LIKE '%pg_sleep(60)%' AND state = 'active'",
        );
        return rows.length > 0 || undefined;
      },
      20_000,
    );
    expect(await outcome).toMatchObject({ class: 'SourceUnavailableError', retryable: true });
    session.close();
  });
});

describe.each([
  { flavor: 'mariadb', locale: 'fr_FR' },
  { flavor: 'mysql', locale: 'es_ES' },
] as const)('$flavor with messages in $locale', ({ flavor, locale }) => {
  let server: MysqlServer;
  beforeAll(async () => {
    const settings = { lc_messages: locale, max_connections: '10' };
    server = await startMysql({ flavor, settings });
    const by = "IDENTIFIED BY 'right'";
    await server.query(`
      CREATE USER reader@'%' ${by}; CREATE USER outsider@'%' ${by};
      CREATE USER busy@'%' ${by} WITH MAX_CONNECTIONS_PER_HOUR 1;
      CREATE USER curious@'%' ${by} WITH MAX_QUERIES_PER_HOUR 9;
      CREATE USER expired@'%' ${by} PASSWORD EXPIRE; CREATE USER locked@'%' ${by} ACCOUNT LOCK;
      CREATE TABLE hidden (id int); CREATE TABLE slow (id int);
      INSERT INTO slow VALUES (1), (2), (3);
      GRANT SELECT ON ferry.slow TO reader@'%'; GRANT USAGE ON *.* TO busy@'%';
      GRANT SELECT ON ferry.slow TO busy@'%', curious@'%', expired@'%', locked@'%'`);
  }, 300_000);
  afterAll(() => server?.stop());
  const source = (database?: string) => ({
    ...sourceConfig(server, 'erp'),
    ...(database ? { database } : {}),
  });

  it('uses the language', async () => {
    const answer = await server.query('SELECT * FROM nix').catch((error: Error) => error.message);
    expect(answer).not.toMatch(/doesn't exist/);
  });

  it.each([
    ...refusals.filter(({ run }) => run?.login?.username !== 'busy'),
    {
      what: 'a user who has used up the connections of an hour',
      run: { login: { username: 'busy', password: 'right' } },
      class: 'AuthError',
      message: /does not let user "busy" connect again within this hour\.$/,
    },
    {
      what: 'a user who has used up the queries of an hour',
      run: { login: { username: 'curious', password: 'right' } },
      class: 'AuthError',
      message: /does not let user "curious" make more queries within this hour\.$/,
      hint: /WITH MAX_QUERIES_PER_HOUR 0\. /,
    },
    {
      what: 'a password that has expired',
      run: { login: { username: 'expired', password: 'right' } },
      class: 'AuthError',
      message: /^The password of user "expired" .* has expired\.$/,
    },
    {
      what: 'an account that is locked',
      run: { login: { username: 'locked', password: 'right' } },
      class: 'AuthError',
      message: /has locked the account of user "locked"|refused the login of user "locked"/,
    },
  ])('explains $what', async ({ run, database, ...expected }: (typeof refusals)[number]) => {
    if (run?.login?.username === 'busy') await ferry.run({ source: source(), login: run.login });
    await expectError({ source: source(database), ...run }, expected);
  });

  it.each([
    {
      what: 'an unknown table',
      query: 'SELECT * FROM nix',
      class: 'QueryError',
      // Other logins may not know that it does not exist.
      login: { username: 'ferry', password: 'ferry' },
      message: /^The source refused the query: Table 'ferry\.nix' doesn't exist\.$/,
    },
    {
      what: 'a syntax error',
      query: 'SELEC 1',
      class: 'QueryError',
      message: /^The source refused the query: You have an error in your SQL syntax/,
    },
    {
      what: 'what is no SELECT',
      query: 'SHOW TABLES',
      class: 'QueryError',
      message: /refused the query|not one SELECT/,
    },
    {
      what: 'a table without permission',
      query: 'SELECT * FROM hidden',
      class: 'QueryError',
      message: /SELECT command denied|lacks a permission/,
    },
  ])('explains $what', async ({ what: _what, query, login = READER, ...expected }) => {
    await expectError({ source: source(), query, login }, expected);
  });

  it('explains that there are too many connections', async () => {
    await using connections = new AsyncDisposableStack();
    const open = () =>
      mysql.createConnection({ host: server.host, port: server.port, user: 'reader', password: 'right' });
    for (let count = 0; count < 10; count += 1) {
      const connection = await open();
      connections.defer(() => connection.end());
    }
    await expectError(
      { source: source() },
      { class: 'SourceUnavailableError', message: /has no connections left/ },
    );
  });

  it('does not try a refused password again', async () => {
    await server.query("CREATE USER counted@'%' IDENTIFIED BY 'right'");
    const refusedLogins = async () => {
      const [row] = await server.query("SHOW GLOBAL STATUS LIKE 'Aborted_connects'");
      return Number(row?.Value);
    };
    const before = await refusedLogins();
    const login = { username: 'counted', password: 'wrong' };
    await expectError(
      { source: source(), login },
      { class: 'AuthError', message: /refused the login of user "counted"/ },
    );
    const times = (await refusedLogins()) - before;
    // The greeting that is awaited first is broken off.
    expect(times).toBeLessThanOrEqual(2);
  });
});

describe('a password that was rotated', () => {
  it.each([
    ['Postgres', () => startPostgres({ binaries: '15', language: 'fr' })],
    ['MariaDB', () => startMysql({ settings: { lc_messages: 'fr_FR' } })],
  ])('is read again when %s refuses the old one in French', async (_title, start) => {
    await using server = await start();
    await using surroundings = await sessionSurroundings();
    const source = ferryConfigSchema.parse({ version: 1, sources: { erp: sourceConfig(server, 'erp') } })
      .sources.erp as SourceConfig;
    const passwords = ['old', server.password];
    let reads = 0;
    const read = async () => {
      reads += 1;
      return JSON.stringify({ username: server.user, password: passwords[reads - 1] });
    };
    const login = await resolveLogin('erp', source, { read }, 0);
    const session = await SourceSession.open({
      ...surroundings.options,
      source,
      login,
      folder: await surroundings.folder(),
    });
    const { rows } = await session.askSource('read', 'SELECT 42 AS answer');
    session.close();
    expect(Number(rows[0]?.[0])).toBe(42);
    expect(reads).toBe(2);
  });
});
