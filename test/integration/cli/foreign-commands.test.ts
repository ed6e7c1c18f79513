import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queryDatabase } from '../../support/servers/query-database.ts';
import { type SyncSetup, setUpSync } from '../../support/sync/sync-setup.ts';

describe('a server with Japanese messages', () => {
  let setup: SyncSetup;
  beforeAll(async () => {
    setup = await setUpSync({ binaries: '15', language: 'ja' });
    await setup.postgres.query(`CREATE TABLE orders (id int)`);
  });
  afterAll(() => setup?.[Symbol.asyncDispose]());

  it.each([
    ['check', ['check', 'erp']],
    ['preview', ['preview', 'orders']],
    ['tree', ['tree', 'erp']],
  ])('has its refusals explained by ferry %s', async (_command, command) => {
    const secrets = { erp: { username: 'postgres', password: 'wrong' } };
    const { stdout, stderr, exitCode } = await setup.run({}, { command, secrets });
    expect(exitCode).not.toBe(0);
    expect(stdout + stderr).toMatch(/refused the login of user "postgres"/);
    expect(stdout + stderr).not.toMatch(/security groups|cannot be reached/);
  });

  it.each([
    ['check', 'erp'],
    ['preview', 'orders'],
  ])('has anything but a SELECT explained by ferry %s', async (...command) => {
    const { stdout, stderr } = await setup.run({ query: 'show all' }, { command });
    expect(stdout + stderr).toMatch(/The query is not one SELECT that only reads\./);
    expect(stdout + stderr).not.toMatch(/pg_typeof|LEFT JOIN/);
  });

  it('has a schema with an unreadable name reported by ferry tree', async () => {
    await setup.postgres.query(`CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'`);
    await queryDatabase(
      setup.postgres,
      'bytes',
      `DO $$ BEGIN EXECUTE format('CREATE SCHEMA %I', 'z' || convert_from('\\xe4'::bytea, 'SQL_ASCII')); END $$`,
    );
    const { stdout, exitCode } = await setup.run({}, { command: ['tree', 'erp'] });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^bytes .* public .*\n.* Left out: the schema z\\344, because it contains bytes/m);
  });
});
