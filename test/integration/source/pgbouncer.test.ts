import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { CancelledError } from '../../../shared/errors.ts';
import { SourceSession } from '../../../shared/source/sessions/session.ts';
import { type FerryFolder, setUpFerryFolder } from '../../support/cli/ferry-folder.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { type PgBouncer, startPgBouncer } from '../../support/servers/pgbouncer.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { parseSync, readThroughFerry } from '../../support/sync/read-through-ferry.ts';

const ODD = { username: 'odd', password: 'odd "ü"' };

let postgres: PostgresServer;
let ferry: FerryFolder;
beforeAll(async () => {
  [postgres, ferry] = await Promise.all([startPostgres(), setUpFerryFolder()]);
  await postgres.query(`
    CREATE ROLE odd LOGIN PASSWORD 'odd "ü"';
    CREATE TABLE forms (id int, day date, moment timestamp, instant timestamptz, span interval, bytes bytea,
      number float8, days date[], spans interval[]);
    INSERT INTO forms SELECT n, date '2024-02-29' + n, '2024-03-31 02:30:00.123456', '2024-03-31 02:30:00.123456+01',
      '1 year -2 mons +3 days -04:05:06.789', '\\xdead00beef5c', float8 '0.1' + float8 '0.2', '{2024-02-29,2023-01-02}', '{"-1 day +2 hours"}'
      FROM generate_series(1, 1000) n;
    CREATE TABLE noise (n int);
    CREATE FUNCTION make_noise() RETURNS int LANGUAGE sql AS 'INSERT INTO noise VALUES (1) RETURNING n';
    CREATE TABLE wide AS SELECT n AS id, repeat('x', 200) AS pad FROM generate_series(1, 80000) n; ANALYZE wide;
    CREATE ROLE patient LOGIN PASSWORD 'patient';
    ALTER ROLE patient SET lock_timeout = '20s';
    ALTER ROLE patient SET idle_in_transaction_session_timeout = '30s';
    GRANT SELECT ON forms, wide TO odd, patient; GRANT ALL ON noise TO odd;
    ALTER DATABASE postgres SET bytea_output = 'escape';
    ALTER DATABASE postgres SET extra_float_digits = -10;
    ALTER ROLE odd SET datestyle = 'German, DMY';
    ALTER ROLE odd SET idle_in_transaction_session_timeout = '30s';
    ALTER ROLE odd SET intervalstyle = 'sql_standard';
    ALTER ROLE odd SET TimeZone = 'Asia/Kolkata'`);
});
afterAll(() => Promise.all([postgres.stop(), ferry[Symbol.asyncDispose]()]));

describe.each(['transaction', 'session'] as const)('PgBouncer that pools each %s', (poolMode) => {
  let bouncer: PgBouncer;
  beforeAll(async () => {
    bouncer = await startPgBouncer(postgres, { poolMode, logins: { odd: ODD.password, patient: 'patient' } });
  });
  afterAll(() => bouncer.stop());

  const patient = () => ({ ...bouncer, user: 'patient', password: 'patient' });
  const odd = () => ({ ...bouncer, user: ODD.username, password: ODD.password });
  const run = (query: string, environment: Record<string, string> = {}) => {
    const { host, port, database } = bouncer;
    const source = { type: 'postgres', host, port, database, tls: { mode: 'disable' } };
    return ferry.run({ source, login: ODD, query, environment });
  };

  it('refuses start-up parameters, so Ferry must not need any', async () => {
    const { host, port, database } = bouncer;
    const options = '-c statement_timeout=1';
    const client = new pg.Client({
      host,
      port,
      database,
      user: ODD.username,
      password: ODD.password,
      options,
    });
    await expect(client.connect()).rejects.toThrow(/unsupported startup parameter/);
  });

  it('copies a sync’s data', async () => {
    expect(await run('SELECT * FROM forms')).toMatchObject({ exitCode: 0, rows: 1000 });
  });

  it('is the one that the configuration names, whatever psql would take from its variables', async () => {
    const environment = {
      PGHOSTADDR: '127.0.0.9',
      PGOPTIONS: '-c statement_timeout=1',
      PGSERVICE: 'none',
      PGREQUIREAUTH: 'none',
    };
    expect(await run('SELECT * FROM forms', environment)).toMatchObject({ exitCode: 0, rows: 1000 });
  });

  const text = 'day::text AS day, span::text AS span, bytes::text AS bytes, number::text AS number';
  it.each([
    {
      what: 'as text',
      query: `SELECT id, ${text}, spans::text AS spans FROM forms ORDER BY id`,
      first: [
        1,
        '2024-03-01',
        '10 mons 3 days -04:05:06.789',
        '\\xdead00beef5c',
        '0.30000000000000004',
        '{"-1 days +02:00:00"}',
      ],
    },
    {
      what: 'as they are',
      query: 'SELECT id, day, moment, instant, span, bytes, number FROM forms ORDER BY id',
      first: [
        1,
        '2024-03-01',
        '2024-03-31T02:30:00.123456',
        '2024-03-31T01:30:00.123456Z',
        '10 mons 3 days -04:05:06.789',
        'dead00beef5c',
        0.1 + 0.2,
      ],
    },
    {
      what: 'by duckdbQuery',
      duckdbQuery: 'SELECT id, day, instant, bytes, number, days FROM db.forms ORDER BY id',
      first: [
        1,
        '2024-03-01',
        '2024-03-31T01:30:00.123456Z',
        'dead00beef5c',
        0.1 + 0.2,
        ['2024-02-29', '2023-01-02'],
      ],
    },
  ])(
    'returns values $what in the same form, whatever is set for the role and the database',
    async ({ what: _what, first, ...sync }) => {
      const { content } = await readThroughFerry('postgres', odd(), { sync });
      expect(content.rowCount).toBe(1000);
      expect(content.rows[0]).toEqual(first);
    },
  );

  it('allows no limit on waiting for locks on each connection, so a table is read in one part', async () => {
    const sync = { duckdbQuery: 'SELECT * FROM db.public.wide' };
    const result = await readThroughFerry('postgres', odd(), { sync, threads: 3, withContent: false });
    expect([result.rows, result.reading]).toEqual([
      80_000,
      {
        mode: 'single',
        reason: 'the login has no lock_timeout, and a pooler takes none from Ferry for all connections',
      },
    ]);
  });

  it('shares its connections for a table that is read in parallel, and gets them back as they were', async () => {
    const sync = { duckdbQuery: 'SELECT * FROM db.public.wide' };
    const result = await readThroughFerry('postgres', patient(), { sync, threads: 3, withContent: false });
    expect([result.rows, result.verified, result.reading]).toEqual([80_000, true, { mode: 'parallel' }]);
    const { user, password, host, port, database } = patient();
    const clients = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const client = new pg.Client({ host, port, database, user, password });
        await client.connect();
        await client.query('BEGIN');
        return client;
      }),
    );
    for (const client of clients) {
      const { rows } = await client.query(
        "SELECT current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('lock_timeout') AS lock",
      );
      expect(rows).toEqual([{ idle: '30s', lock: '20s' }]);
      await client.end();
    }
  });

  it('stays read-only', async () => {
    const result = await run('SELECT make_noise() AS n');
    expect(result).toMatchObject({ exitCode: 1, error: { class: 'QueryError' } });
    expect(result.error?.message).toMatch(/tries to write/);
    expect((await postgres.query('SELECT * FROM noise')).rows).toEqual([]);
  });

  it('passes on the cancellation of a statement', async () => {
    const { sync, source } = parseSync('postgres', { query: 'SELECT pg_sleep(600), 4711 AS mark' });
    const folder = await mkdtemp(join(tmpdir(), 'ferry pgbouncer ü '));
    const cancel = new AbortController();
    const session = await SourceSession.open({
      source,
      login: { ...odd(), username: ODD.username },
      folder,
      extensionFolders: [PROJECT_EXTENSIONS],
      memoryLimitBytes: 256_000_000,
      threads: 1,
      mode: sync.types,
      signal: cancel.signal,
    });
    const running = session.transaction(() => session.askSource('read', sync.query ?? ''));
    running.catch(() => {});
    const active = async () => {
      const { rows } = await postgres.query(
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%4711%' AND state = 'active' AND pid <> pg_backend_pid()",
      );
      return rows.length;
    };
    try {
      await waitFor('the query to run', async () => (await active()) || undefined, 20_000);
      cancel.abort(new CancelledError('The run was cancelled.'));
      await expect(running).rejects.toThrow('The run was cancelled.');
      // Cancelled, that is, and not given up: then it would still run.
      expect(await active()).toBe(0);
    } finally {
      session.close();
      await rm(folder, { recursive: true });
    }
  });
});

it('that pools each statement is reported', async () => {
  await using bouncer = await startPgBouncer(postgres, {
    poolMode: 'statement',
    logins: { odd: ODD.password },
  });
  const { host, port, database } = bouncer;
  const source = { type: 'postgres', host, port, database, tls: { mode: 'disable' } };
  const { error, exitCode } = await ferry.run({ source, login: ODD, query: 'SELECT * FROM forms' });
  expect(exitCode).toBe(2);
  expect(error).toMatchObject({
    class: 'ConfigError',
    message: expect.stringMatching(/^The PgBouncer at .* does not allow transactions/),
    hint: expect.stringContaining('pool_mode = transaction'),
  });
  expect(error?.hint).not.toMatch(/security groups/);
});
