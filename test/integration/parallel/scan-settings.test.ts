import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { POSTGRES_VERSIONS } from '../../support/servers/postgres-versions.ts';
import { readThroughFerry } from '../../support/sync/read-through-ferry.ts';

// The client opens further connections for one table, in whose sessions Ferry can set nothing: a setting of the role, the
// database or the server holds there.

describe.each(POSTGRES_VERSIONS)('%s', (_title, { binaries }) => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ binaries });
    await server.query(
      `CREATE TABLE days AS SELECT n AS id, repeat('x', 200) AS pad, daterange('2024-02-03', '2024-02-09') AS during
         FROM generate_series(1, 100000) AS n;
       ANALYZE days; ALTER ROLE postgres SET lock_timeout = '30s'`,
    );
  }, 120_000);
  afterAll(() => server?.stop());
  const read = (columns: string) =>
    readThroughFerry('postgres', server, { sync: { duckdbQuery: `SELECT ${columns} FROM db.days` } });
  const texts = 'count(*) AS rows, count(DISTINCT during) AS forms, min(during) AS text';

  it('several connections read a table whose values depend on no setting of the login', async () => {
    expect(await read(texts)).toMatchObject({
      reading: { mode: 'parallel' },
      content: { rows: [[100_000, 1, '[2024-02-03,2024-02-09)']] },
    });
  });

  it.each(['ROLE postgres', 'DATABASE postgres', 'SYSTEM'])(
    'DateStyle of %s: one form of a date',
    async (owner) => {
      const change = async (sql: string) => {
        await server.query(`ALTER ${owner} ${sql}`);
        await server.query('SELECT pg_reload_conf()');
        await server.query('SELECT pg_sleep(0.2)');
      };
      await change(`SET datestyle = 'German'`);
      try {
        expect(await read(texts)).toMatchObject({
          reading: {
            mode: 'single',
            reason:
              'the login has its own DateStyle, by which other connections would print values differently',
          },
          content: { rows: [[100_000, 1, '[2024-02-03,2024-02-09)']] },
        });
        // Of what does not depend on it, nothing gets slower.
        expect((await read('count(id) AS n')).reading).toEqual({ mode: 'parallel' });
      } finally {
        await change('RESET datestyle');
      }
    },
  );

  it('gin_fuzzy_search_limit, which Ferry lifts on its own connections only', async () => {
    await server.query('ALTER ROLE postgres SET gin_fuzzy_search_limit = 5');
    try {
      expect(await read('count(*) AS n')).toMatchObject({
        reading: {
          mode: 'single',
          reason: 'the login has a gin_fuzzy_search_limit, which cannot be lifted on all connections',
        },
        rows: 1,
      });
    } finally {
      await server.query('ALTER ROLE postgres RESET gin_fuzzy_search_limit');
    }
  });
});
