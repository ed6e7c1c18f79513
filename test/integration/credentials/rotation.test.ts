import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ferryConfigSchema, type SourceConfig } from '../../../shared/config/schema/ferry-config.ts';
import { StorageUnavailableError } from '../../../shared/errors.ts';
import { resolveLogin } from '../../../shared/source/credentials/credentials.ts';
import type { SecretReader } from '../../../shared/source/credentials/secrets.ts';
import { SourceSession } from '../../../shared/source/sessions/session.ts';
import { runSync } from '../../../shared/sync/run-sync.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';
import { closeSourceGate, throughSourceGate } from '../../support/source/source-gate.ts';
import { sessionSurroundings } from '../../support/source/token-sources.ts';
import { setUpInProcessSync } from '../../support/sync/in-process-sync.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

// Secrets Manager changes the password at the database and in the secret, or goes back and forth between two users.

let surroundings: Awaited<ReturnType<typeof sessionSurroundings>>;
beforeAll(async () => {
  surroundings = await sessionSurroundings();
});
afterAll(() => surroundings[Symbol.asyncDispose]());

describe.each(['postgres', 'mariadb'] as const)('a password of %s that is rotated', (kind) => {
  let server: PostgresServer | MysqlServer;
  let query: (sql: string) => Promise<unknown>;
  let source: SourceConfig;
  beforeAll(async () => {
    if (kind === 'postgres') {
      const postgres = await startPostgres();
      server = postgres;
      query = (sql) => postgres.query(sql);
    } else {
      const mariadb = await startMysql({ settings: { max_password_errors: '2' } });
      server = mariadb;
      query = (sql) => mariadb.query(sql);
    }
    const config = { version: 1, sources: { erp: sourceConfig(server, 'erp') } };
    source = ferryConfigSchema.parse(config).sources.erp as SourceConfig;
  }, 300_000);
  afterAll(() => server.stop());

  const createUser = async (name: string, password: string) => {
    await query(
      kind === 'postgres'
        ? `CREATE ROLE ${name} LOGIN PASSWORD '${password}'`
        : `CREATE USER ${name}@'%' IDENTIFIED BY '${password}'; GRANT SELECT ON ferry.* TO ${name}@'%'`,
    );
  };
  const changePassword = async (name: string, password: string) => {
    await query(
      kind === 'postgres'
        ? `ALTER ROLE ${name} PASSWORD '${password}'`
        : `ALTER USER ${name}@'%' IDENTIFIED BY '${password}'`,
    );
  };
  /** Logs in with a secret that says these things, one after the other; the last one forever. */
  const open = async (...versions: { username: string; password: string }[]) => {
    let reads = 0;
    const read = async () => {
      reads += 1;
      return JSON.stringify(versions[Math.min(reads, versions.length) - 1]);
    };
    const login = await resolveLogin('erp', source, { read }, 0);
    const folder = await surroundings.folder();
    const opened = SourceSession.open({ ...surroundings.options, source, login, folder });
    return { session: await opened.catch((error: unknown) => error as Error), reads: () => reads };
  };
  const answer = async (session: SourceSession | Error) => {
    if (session instanceof Error) throw session;
    const { rows } = await session.askSource('read', 'SELECT 42 AS answer');
    return Number(rows[0]?.[0]);
  };

  it('does not interrupt what is being read, and fails for the next session, which finds the new one', async () => {
    await createUser('steady', 'first');
    const before = await open(
      { username: 'steady', password: 'first' },
      { username: 'steady', password: 'second' },
    );
    await changePassword('steady', 'second');
    // On MySQL a statement has its own connection: what began with the old password begins again with the new one.
    if (kind === 'postgres') expect(await answer(before.session)).toBe(42);
    else
      await expect(answer(before.session)).rejects.toMatchObject({
        class: 'SourceUnavailableError',
        retryable: true,
        message: expect.stringMatching(/^The login of user "steady" was renewed/),
      });
    // Refusals are counted up to the next success.
    if (kind === 'mariadb') await query('FLUSH PRIVILEGES');
    const after = await open(
      { username: 'steady', password: 'first' },
      { username: 'steady', password: 'second' },
    );
    expect(await answer(after.session)).toBe(42);
    expect(after.reads()).toBe(2);
    for (const { session } of [before, after]) (session as SourceSession).close();
  });

  it('while a run reads with it, does not affect that run, and the next one begins with the new one', async () => {
    await using polyteia = await startPolyteiaStandIn({ datasets: [DATASET] });
    await using sync = await setUpInProcessSync(server, polyteia);
    let password = 'first';
    let reads = 0;
    await createUser('reading', password);
    const read: SecretReader['read'] = async (ref) => {
      if (ref !== 'erp') return polyteia.personalAccessKey;
      reads += 1;
      return JSON.stringify({ username: 'reading', password });
    };
    const passage = throughSourceGate[kind === 'postgres' ? 'postgres' : 'mysql'];
    await query(
      kind === 'postgres'
        ? 'CREATE TABLE two (id int); GRANT SELECT ON two TO PUBLIC'
        : 'CREATE TABLE ferry.two (id int)',
    );
    await query(`INSERT INTO ${kind === 'postgres' ? 'two' : 'ferry.two'} VALUES (1), (2)`);
    // Of a table: without one MariaDB would compute it to prepare the query.
    const sql = `SELECT 42 AS n, ${passage} AS gate FROM two WHERE id = 1`;
    const options = sync.options({ query: sql, whenUnchanged: 'upload' });
    const run = () =>
      runSync({ ...options, config: { ...options.config, sources: { erp: source } }, secrets: { read } });

    await using gate = await closeSourceGate(server);
    const running = run();
    await gate.reached();
    password = 'second';
    await changePassword('reading', password);
    await gate.open();
    expect(await running).toMatchObject({ state: 'succeeded', rows: 1 });
    expect(reads).toBe(1);
    expect(await run()).toMatchObject({ state: 'succeeded', rows: 1 });
    expect(reads).toBe(2);
  });

  it('is known to the following connections, and may be rotated again', async () => {
    await createUser('often', 'second');
    const versions = ['first', 'second', 'third'];
    let reads = 0;
    const read = async () => {
      reads += 1;
      return JSON.stringify({ username: 'often', password: versions[reads - 1] });
    };
    const login = await resolveLogin('erp', source, { read }, 0);
    const visit = async () => {
      const folder = await surroundings.folder();
      const session = await SourceSession.open({
        ...surroundings.options,
        source,
        login: { ...login },
        folder,
      });
      session.close();
      return reads;
    };
    // The secret is read again after a refusal only.
    expect([await visit(), await visit(), await visit()]).toEqual([2, 2, 2]);
    await changePassword('often', 'third');
    expect([await visit(), await visit()]).toEqual([3, 3]);
  });

  it('is also found with another user name', async () => {
    await createUser('even', 'old');
    await createUser('odd', 'new');
    await changePassword('even', 'gone');
    const { session } = await open(
      { username: 'even', password: 'old' },
      { username: 'odd', password: 'new' },
    );
    expect(await answer(session)).toBe(42);
    (session as SourceSession).close();
  });

  it('is not tried twice when the secret cannot be read again', async () => {
    await createUser('unlucky', 'right');
    let reads = 0;
    const read = async () => {
      reads += 1;
      if (reads > 1) throw new StorageUnavailableError('Secrets Manager cannot be reached.');
      return JSON.stringify({ username: 'unlucky', password: 'wrong' });
    };
    const login = await resolveLogin('erp', source, { read }, 0);
    const folder = await surroundings.folder();
    // The refusal is reported: an outage would be retried, with the wrong password.
    await expect(
      SourceSession.open({ ...surroundings.options, source, login, folder }),
    ).rejects.toMatchObject({ class: 'AuthError' });
    expect(reads).toBe(2);
  });

  it('is not tried twice when the secret is unchanged, nor a third time when it has another wrong one', async () => {
    await createUser('guarded', 'right');
    const same = await open({ username: 'guarded', password: 'wrong' });
    expect(same.session).toMatchObject({
      class: 'AuthError',
      message: expect.stringContaining('refused the login of user "guarded"'),
      hint: expect.stringMatching(/^Check username and password in the secret/),
    });
    expect(same.reads()).toBe(2);
    // MariaDB locks the account at the second refusal: one more and the right password would not help any more.
    if (kind === 'mariadb') {
      const right = await open({ username: 'guarded', password: 'right' });
      expect(await answer(right.session)).toBe(42);
      (right.session as SourceSession).close();
    }
    const other = await open(
      { username: 'guarded', password: 'wrong' },
      { username: 'guarded', password: 'wrong too' },
    );
    expect(other.session).toMatchObject({ class: 'AuthError' });
    expect(other.reads()).toBe(2);
    await expect(answer(other.session)).rejects.toMatchObject({ class: 'AuthError' });
  });
});
