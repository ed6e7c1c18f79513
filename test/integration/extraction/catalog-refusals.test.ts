import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkExtraction } from '../../../shared/checks/check-extraction.ts';
import { readTree } from '../../../shared/extraction/catalog/read-tree.ts';
import { runExtraction } from '../../../shared/extraction/run-extraction.ts';
import { type ExtractionSetup, setUpExtraction } from '../../support/extraction/extraction-setup.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sessionOptions } from '../../support/source/source-session.ts';

// An error in a question of Ferry's own is nothing that a person could change in a query.

describe.each([
  ['in English', { binaries: 'embedded' }],
  ['in Japanese', { binaries: '15', language: 'ja' }],
  ['in Spanish', { binaries: '15', language: 'es' }],
])('what a server refuses to tell about its catalog %s', (_title, options) => {
  let server: PostgresServer;
  let setup: ExtractionSetup;
  const reader = () => ({ ...server, user: 'reader', password: 'right' });
  beforeAll(async () => {
    server = await startPostgres(options);
    await server.query("CREATE ROLE reader LOGIN PASSWORD 'right'");
  });
  beforeEach(async () => {
    setup = await setUpExtraction(reader());
  });
  afterEach(() => setup[Symbol.asyncDispose]());
  afterAll(() => server?.stop());

  const denied = {
    class: 'QueryError',
    message: expect.stringMatching(/^The source denied a catalog query: the login lacks a permission/),
    hint: expect.stringContaining('read pg_catalog'),
  };

  it('is reported in a run', async () => {
    await server.query('REVOKE SELECT ON pg_catalog.pg_attrdef FROM PUBLIC');
    const record = await runExtraction(setup.options());
    await server.query('GRANT SELECT ON pg_catalog.pg_attrdef TO PUBLIC');
    expect(record).toMatchObject({ state: 'failed', error: denied });
  });

  it('is reported by ferry tree and by a check', async () => {
    await server.query('REVOKE SELECT ON pg_catalog.pg_proc FROM PUBLIC');
    const tree = await readTree(sessionOptions(reader(), setup.folder)).catch((error: Error) => error);
    await server.query('GRANT SELECT ON pg_catalog.pg_proc TO PUBLIC');
    expect(tree).toMatchObject(denied);
    await server.query('REVOKE SELECT ON pg_catalog.pg_namespace FROM PUBLIC');
    const checks = await checkExtraction({ ...setup.options(), signal: AbortSignal.timeout(60_000) });
    await server.query('GRANT SELECT ON pg_catalog.pg_namespace TO PUBLIC');
    const [failed] = checks.filter(({ status }) => status === 'failed');
    expect(failed?.detail).toMatch(/catalog query/);
    expect(JSON.stringify(checks)).not.toMatch(/the query|SELECT on everything/);
  });

  it('is named with the GRANT to write, as far as Ferry understands the server', async () => {
    await server.query('REVOKE SELECT ON pg_catalog.pg_attrdef FROM PUBLIC');
    const table = await runExtraction(setup.options());
    await server.query('GRANT SELECT ON pg_catalog.pg_attrdef TO PUBLIC');
    await server.query('REVOKE EXECUTE ON FUNCTION pg_catalog.format_type FROM PUBLIC');
    const routine = await runExtraction(setup.options());
    await server.query('GRANT EXECUTE ON FUNCTION pg_catalog.format_type TO PUBLIC');
    expect([table.error, routine.error]).toMatchObject([denied, denied]);
    if (_title !== 'in English') return;
    expect(table.error?.message).toContain('for the table pg_catalog.pg_attrdef.');
    expect(table.error?.hint).toContain('GRANT SELECT ON pg_catalog.pg_attrdef TO');
    expect(routine.error?.message).toContain('for the function pg_catalog.format_type.');
    expect(routine.error?.hint).toContain('GRANT EXECUTE ON FUNCTION pg_catalog.format_type TO');
  });

  it('is named where it is a function that Ferry needs to connect, and the login is not to blame', async () => {
    await server.query('REVOKE EXECUTE ON FUNCTION pg_catalog.set_config FROM PUBLIC');
    await using shared = await setUpExtraction(reader());
    const record = await runExtraction(
      shared.options({ sources: ['*'] }, { second: { database: 'template1' } }),
    );
    await server.query('GRANT EXECUTE ON FUNCTION pg_catalog.set_config TO PUBLIC');
    const needed = {
      class: 'QueryError',
      message: `The source at ${server.host}:${server.port} lets user "reader" in, but denies the function pg_catalog.set_config, which Ferry needs.`,
      hint: expect.stringContaining('GRANT EXECUTE ON FUNCTION pg_catalog.set_config TO "reader"'),
    };
    // Privileges are those of one database, so the other one is read.
    expect(record.databases?.map(({ error }) => error)).toEqual([expect.objectContaining(needed), undefined]);
  });

  it('is a wrong regular expression, reported in the server’s words', async () => {
    const record = await runExtraction(setup.options({ include: { '^postgres$': ['('] } }));
    expect(record.error?.class).toBe('ConfigError');
    expect(record.error?.message).toMatch(
      /^include: the schema pattern "\(" of "\^postgres\$" is not a valid Postgres regular expression: ./,
    );
  });

  it('refuses the login to a run, a check and ferry tree', async () => {
    const refused = {
      class: 'AuthError',
      message: expect.stringContaining('refused the login of user "reader"'),
    };
    await using wrong = await setUpExtraction({ ...reader(), password: 'wrong' });
    expect((await runExtraction(wrong.options())).error).toMatchObject(refused);
    const checks = await checkExtraction({ ...wrong.options(), signal: AbortSignal.timeout(60_000) });
    expect(checks.filter(({ status }) => status === 'failed')[0]?.detail).toMatch(/refused the login/);
    const options = sessionOptions({ ...reader(), password: 'wrong' }, setup.folder);
    await expect(readTree(options)).rejects.toMatchObject(refused);
  });
});
