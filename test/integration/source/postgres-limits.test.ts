import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SourceSession } from '../../../shared/source/sessions/session.ts';
import { runSync } from '../../../shared/sync/run-sync.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sessionOptions } from '../../support/source/source-session.ts';
import { type InProcessSync, setUpInProcessSync } from '../../support/sync/in-process-sync.ts';
import { readThroughFerry } from '../../support/sync/read-through-ferry.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

let postgres: PostgresServer;
let polyteia: PolyteiaStandIn;
let sync: InProcessSync;
beforeAll(async () => {
  [postgres, polyteia] = await Promise.all([startPostgres(), startPolyteiaStandIn({ datasets: [DATASET] })]);
  await postgres.query('CREATE TABLE orders AS SELECT 1 AS id');
  sync = await setUpInProcessSync(postgres, polyteia);
});
afterAll(async () => {
  await Promise.all([postgres.stop(), polyteia.stop()]);
  await sync[Symbol.asyncDispose]();
});

const run = (query: string, maxTries = 1) =>
  runSync({ ...sync.options({ query, whenUnchanged: 'upload' }), maxTries });

/** Settings that every session of the login begins with. */
async function withSettings<T>(settings: Record<string, string>, work: () => Promise<T>): Promise<T> {
  const all = (how: (name: string) => string) =>
    postgres.query(
      Object.keys(settings)
        .map((name) => `ALTER ROLE postgres ${how(name)}`)
        .join(';'),
    );
  await all((name) => `SET ${name} = '${settings[name]}'`);
  try {
    return await work();
  } finally {
    await all((name) => `RESET ${name}`);
  }
}

describe('a limit of the session', () => {
  it('is lifted while Ferry waits, but applies while the query itself takes time', async () => {
    const names = [
      'idle_in_transaction_session_timeout',
      'transaction_timeout',
      'lock_timeout',
      'statement_timeout',
    ];
    const query = `SELECT ${names.map((name) => `current_setting('${name}') AS ${name}`).join(', ')}, current_setting('transaction_read_only') AS r`;
    const limits = {
      idle_in_transaction_session_timeout: '1s',
      transaction_timeout: '1s',
      statement_timeout: '77s',
    };
    const read = async () => {
      return (await readThroughFerry('postgres', postgres, { sync: { query } })).content.rows;
    };
    expect(await withSettings(limits, read)).toEqual([['0', '0', '30s', '77s', 'on']]);
    expect(await withSettings({ lock_timeout: '2s' }, read)).toEqual([['0', '0', '2s', '0', 'on']]);
    expect(await withSettings({ lock_timeout: '5min' }, read)).toEqual([['0', '0', '5min', '0', 'on']]);
  });

  describe('while a table is read in parallel', () => {
    const readWide = (limits: Record<string, string>) =>
      withSettings(limits, () =>
        readThroughFerry('postgres', postgres, {
          sync: { duckdbQuery: 'SELECT * FROM db.public.wide' },
          threads: 3,
          withContent: false,
        }),
      );
    beforeAll(async () => {
      await postgres.query(
        "CREATE TABLE wide AS SELECT i AS id, repeat('x', 200) AS pad FROM generate_series(1, 100000) i; ANALYZE wide",
      );
    });

    it('is lifted on each connection, before it reads', async () => {
      const before = readFileSync(postgres.logFile, 'utf8').length;
      const result = await readWide({ idle_in_transaction_session_timeout: '10s', log_statement: 'all' });
      expect([result.rows, result.verified, result.reading.mode]).toEqual([100_000, true, 'parallel']);
      const log = readFileSync(postgres.logFile, 'utf8').slice(before);
      const statements = [...log.matchAll(/\[(\d+)\] LOG: {2}statement: ([^\n]+(?:\n\t[^\n]*)*)/g)];
      const transactions = [...Map.groupBy(statements, ([, pid]) => pid).values()].flatMap((own) =>
        own
          .map(([, , statement = '']) => statement)
          .join('\0')
          .split('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY\0')
          .slice(1),
      );
      expect(transactions.filter((said) => said.startsWith('SET TRANSACTION SNAPSHOT'))).not.toEqual([]);
      const asked = 'pg_db_role_setting';
      for (const said of transactions.filter((said) => !said.includes(asked))) {
        expect(said).toMatch(
          /^(SET TRANSACTION SNAPSHOT '[^']+'\0SET idle_in_transaction_session_timeout=0\0|[^\0]*set_config\('idle_in_transaction_session_timeout', '0', true\))/,
        );
      }
    });

    it('of the login for waiting for locks applies on each connection; without one, they all wait for 30 s at most', async () => {
      await postgres.query(
        `CREATE TABLE logins (name text, lock_timeout text);
         CREATE FUNCTION note_login() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
           INSERT INTO logins SELECT current_setting('application_name'), current_setting('lock_timeout'); END $$;
         CREATE EVENT TRIGGER note_login ON login EXECUTE FUNCTION note_login()`,
      );
      const timeouts = async () => {
        const { rows } = await postgres.query(
          "WITH gone AS (DELETE FROM logins RETURNING *) SELECT lock_timeout FROM gone WHERE name = 'ferry'",
        );
        return rows.map(({ lock_timeout }) => lock_timeout);
      };
      expect((await readWide({})).reading).toEqual({ mode: 'parallel' });
      expect(await timeouts()).toEqual(['30s', '30s', '30s', '30s']);
      expect((await readWide({ lock_timeout: '3s' })).reading).toEqual({ mode: 'parallel' });
      // The first connection only found out that the login has a limit.
      expect(await timeouts()).toEqual(['30s', '3s', '3s', '3s', '3s']);
      await postgres.query('DROP EVENT TRIGGER note_login');
    });

    it('for waiting for locks ends a scan whose connections would wait for each other forever', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'ferry locks ü '));
      const migration = new pg.Client({ connectionString: postgres.connectionUrl });
      await migration.connect();
      await withSettings({ lock_timeout: '200ms' }, async () => {
        const options = { ...sessionOptions(postgres, folder), threads: 3, mode: 'exact' as const };
        const session = await SourceSession.open({ ...options, parallel: true });
        expect(session.reading).toEqual({ mode: 'parallel' });
        let migrated: Promise<unknown> | undefined;
        const reading = session.transaction(async () => {
          await session.askSource('read', 'SELECT id FROM public.wide LIMIT 1');
          // It queues behind the connection that has just read, and the next ones behind it.
          migrated = migration.query('SET lock_timeout = 0; ALTER TABLE wide ADD COLUMN extra int');
          await waitFor(
            'the migration to queue',
            async () => {
              const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
              return (await postgres.query(waiting)).rows.length || undefined;
            },
            20_000,
          );
          // Long enough that the first connection does not read all of it before the others begin.
          await session.run('read', 'SELECT count(sha256(repeat(pad, 20))) FROM db.public.wide');
        });
        await expect(reading).rejects.toMatchObject({
          class: 'SourceUnavailableError',
          retryable: true,
          message: expect.stringContaining('is locked at the source'),
        });
        session.close();
        // Nothing holds it up any longer.
        await migrated;
        expect((await readWide({})).reading).toEqual({ mode: 'parallel' });
      });
      await migration.query('ALTER TABLE wide DROP COLUMN extra');
      await migration.end();
      await rm(folder, { recursive: true });
    });

    it('makes it read in one part if it cannot be lifted on each connection', async () => {
      const result = await readWide({ transaction_timeout: '1min' });
      expect([result.rows, result.reading]).toEqual([
        100_000,
        {
          mode: 'single',
          reason: 'the login has a transaction_timeout, which cannot be lifted on all connections',
        },
      ]);
    });
  });

  it.each([
    ['statement_timeout', /was slower than the statement_timeout of the login/],
    ['lock_timeout', /^A part of the source's catalog is locked/],
  ])('that ends the first question of a session is not taken for a refused login: %s', async (name, said) => {
    const holder = new pg.Client({ connectionString: postgres.connectionUrl });
    await holder.connect();
    await withSettings({ [name]: '50ms' }, async () => {
      await holder.query('BEGIN; LOCK TABLE pg_catalog.pg_namespace IN ACCESS EXCLUSIVE MODE');
      const options = sync.options({ query: 'SELECT 1 AS n', whenUnchanged: 'upload' });
      const clock = { now: Date.now, sleep: async () => {} };
      const record = await runSync({ ...options, clock, maxTries: 1 });
      expect(record.error).toMatchObject({
        class: 'SourceUnavailableError',
        message: expect.stringMatching(said),
      });
      await holder.query('COMMIT');
    });
    await holder.end();
  });

  it('that ends the session after any error does not hide what is wrong', async () => {
    await withSettings({ exit_on_error: 'on' }, async () => {
      expect((await run('SELECT nope FROM orders')).error?.message).toContain('column "nope" does not exist');
    });
  });

  it('that ends a session at work is named', async () => {
    // The transaction's own time-out, as nothing else can end a session that is at work.
    const record = await run(
      "SELECT set_config('transaction_timeout', '50', true) AS a, pg_sleep(20)::text AS b",
    );
    expect(record).toMatchObject({
      state: 'failed',
      error: {
        class: 'QueryError',
        message: 'The source ended the session because its transaction_timeout expired.',
        hint: expect.stringContaining('ALTER ROLE … SET transaction_timeout = 0'),
      },
    });
  });
});

describe('a lock', () => {
  const held = async (statement: string) => {
    const client = new pg.Client({ connectionString: postgres.connectionUrl });
    await client.connect();
    // One that a failed test leaves open ends with its server.
    client.on('error', () => {});
    await client.query('BEGIN');
    await client.query(statement);
    return client;
  };

  it.each(['LOCK TABLE orders', 'ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text', 'TRUNCATE orders'])(
    'of %s is waited for, and then the run tries again',
    async (statement) => {
      await withSettings({ lock_timeout: '100ms' }, async () => {
        const holder = await held(statement);
        const failed = await run('SELECT id FROM orders');
        expect(failed).toMatchObject({ state: 'failed', error: { class: 'SourceUnavailableError' } });
        expect(failed.error?.message).toMatch(/^Something that the query reads is locked at the source/);
        let tries = 0;
        const options = sync.options({ query: 'SELECT id FROM orders', whenUnchanged: 'upload' });
        const record = await runSync({
          ...options,
          maxTries: 3,
          async onProgress({ type }) {
            if (type !== 'retrying') return;
            tries += 1;
            await holder.query('ROLLBACK');
          },
        });
        expect([record.state, record.rows, tries]).toEqual(['succeeded', 1, 1]);
        await holder.end();
      });
    },
  );

  it('is reported for a duckdbQuery as for a query', async () => {
    await withSettings({ lock_timeout: '100ms' }, async () => {
      const holder = await held('LOCK TABLE orders');
      const options = sync.options({ query: undefined, duckdbQuery: 'SELECT * FROM db.public.orders' });
      expect(await runSync({ ...options, maxTries: 1 })).toMatchObject({
        error: {
          class: 'SourceUnavailableError',
          message: expect.stringContaining('is locked at the source'),
        },
      });
      await holder.end();
    });
  });
});

it('a query that somebody cancels at the source is reported, and not tried again', async () => {
  const running = run('SELECT pg_sleep(60)::text AS s', 3);
  const cancel = async (): Promise<void> => {
    const { rows } = await postgres.query(
      "SELECT pg_cancel_backend(pid) AS done FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
    );
    if (rows.length === 0) return cancel();
  };
  await cancel();
  expect(await running).toMatchObject({
    error: { class: 'QueryError', message: 'The query was cancelled at the source.' },
  });
});
