import pg from 'pg';
import { waitFor } from '../processes/wait-for.ts';
import type { PostgresServer } from '../servers/postgres-server.ts';

/** A part of the catalog that no run gets past. */
export interface HeldCatalog extends AsyncDisposable {
  /** Waits until somebody waits for it. */
  reached(): Promise<void>;
  /** Lets everybody through; harmless when it is open. */
  release(): Promise<void>;
}

/** Locks what the comments of a database are in, which logins and checks do not read. */
export async function holdCatalog(server: PostgresServer): Promise<HeldCatalog> {
  const { host, port, user, password, database } = server;
  const client = new pg.Client({ host, port, user, password, database });
  // A lock that a failed test left must not end the test run with the server.
  client.on('error', () => undefined);
  await client.connect();
  await client.query('BEGIN; LOCK TABLE pg_catalog.pg_description IN ACCESS EXCLUSIVE MODE');
  let released: Promise<void> | undefined;
  const release = () => {
    released ??= client.end();
    return released;
  };
  return {
    reached: async () => {
      await waitFor(
        'somebody at the locked catalog',
        async () => {
          const { rows } = await server.query('SELECT 1 FROM pg_locks WHERE NOT granted');
          return rows.length > 0 ? true : undefined;
        },
        8_000,
      );
    },
    release,
    [Symbol.asyncDispose]: release,
  };
}
