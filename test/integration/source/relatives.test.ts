import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { openSession } from '../../support/source/source-session.ts';
import { readThroughFerry } from '../../support/sync/read-through-ferry.ts';

// Products that speak the protocol of Postgres. None was available: a Postgres answers as they do, for a login that finds other functions
// before the server's own.

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
  const redshift =
    'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2, Redshift 1.0.12103';
  await server.query(`
    CREATE SCHEMA other;
    CREATE FUNCTION other.version() RETURNS text LANGUAGE sql AS $$ SELECT '${redshift}' $$;
    CREATE ROLE stranger LOGIN PASSWORD 'ferry'; GRANT USAGE ON SCHEMA other TO stranger;
    ALTER ROLE stranger SET search_path = other, pg_catalog;
    CREATE ROLE stranger_without_settings LOGIN PASSWORD 'ferry'; GRANT USAGE ON SCHEMA other TO stranger_without_settings;
    ALTER ROLE stranger_without_settings SET search_path = other, pg_catalog;
    REVOKE EXECUTE ON FUNCTION pg_catalog.set_config FROM PUBLIC; GRANT EXECUTE ON FUNCTION pg_catalog.set_config TO stranger`);
});
afterAll(() => server?.[Symbol.asyncDispose]());

describe('a product that is not Postgres', () => {
  it('is named, by what it says of itself', async () => {
    await using plain = await openSession(server);
    expect(await plain.session.dialect.relative?.(plain.ask)).toBeUndefined();
    await using other = await openSession({ ...server, user: 'stranger' });
    expect(await other.session.dialect.relative?.(other.ask)).toMatchObject({
      words: 'Amazon Redshift 1.0.12103',
    });
  });

  it('is named when it does not answer the first questions', async () => {
    const login = { ...server, user: 'stranger_without_settings' };
    const failure = readThroughFerry('postgres', login, { sync: { query: 'SELECT 1 AS a' } });
    await expect(failure).rejects.toThrow(
      /^The source is Amazon Redshift 1\.0\.12103, which Ferry cannot read: it is Postgres 8\.0/,
    );
  });
});
