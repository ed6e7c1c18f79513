import pg from 'pg';
import type { PostgresServer } from '../servers/postgres-server.ts';

/** A gate that is closed: queries that go through it wait. It opens, at the latest, when this is disposed of. */
export interface Gate extends AsyncDisposable {
  /** Lets everybody through that waits; harmless when it is open. */
  open(): Promise<void>;
}

/** A gate that `end` opens, which is called once. */
export function gateOpenedBy(end: () => Promise<void>): Gate {
  let opened: Promise<void> | undefined;
  const open = () => {
    opened ??= end();
    return opened;
  };
  return { open, [Symbol.asyncDispose]: open };
}

/** An expression of SQL, a text, whose query waits for as long as the gate of this number is closed. */
export const throughGate = (number: number) => `pg_advisory_lock_shared(${number})::text`;

/** A query, for `pg_stat_activity`, that finds anyone who waits at the gate. */
export const atGate = (number: number) =>
  `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = ${number} AND NOT granted`;

/** Closes a gate in a Postgres, for anyone who goes through it from now on. */
export async function closeGate(postgres: PostgresServer, number: number): Promise<Gate> {
  const { host, port, user, password, database } = postgres;
  // A separate connection, because the lock belongs to its session, and ends with it.
  const client = new pg.Client({ host, port, user, password, database });
  // A gate that a failed test left closed must not end the test run with the server.
  client.on('error', () => undefined);
  await client.connect();
  await client.query('SELECT pg_advisory_lock($1)', [number]);
  return gateOpenedBy(() => client.end());
}
