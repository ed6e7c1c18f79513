import { createConnection } from 'mysql2/promise';
import { waitFor } from '../processes/wait-for.ts';
import { atGate, closeGate, type Gate, gateOpenedBy, throughGate } from '../runs/gate.ts';
import type { MysqlServer } from '../servers/mysql-server.ts';
import type { PostgresServer } from '../servers/postgres-server.ts';

/** Anyone who goes through it waits. */
export interface ClosedGate extends Gate {
  /** Waits until somebody waits. */
  reached(): Promise<void>;
}

const GATE = 4711;

/** SQL, a value that a query gets only once the gate of its source is open; it is, unless somebody closes it. */
export const throughSourceGate = { postgres: throughGate(GATE), mysql: `GET_LOCK('gate', 120)` };

/** Closes the gate of a source of either kind. */
export async function closeSourceGate(server: PostgresServer | MysqlServer): Promise<ClosedGate> {
  return 'flavor' in server ? closeMysqlGate(server) : closePostgresGate(server);
}

async function closePostgresGate(server: PostgresServer): Promise<ClosedGate> {
  const gate = await closeGate(server, GATE);
  return {
    ...gate,
    reached: () => reached(async () => (await server.query(atGate(GATE))).rows.length),
  };
}

async function closeMysqlGate(server: MysqlServer): Promise<ClosedGate> {
  const { host, port, user, password } = server;
  const holder = await createConnection({ host, port, user, password });
  await holder.query(`SELECT GET_LOCK('gate', 0)`);
  const waiting = "SELECT id FROM information_schema.processlist WHERE state = 'User lock'";
  return {
    // The lock goes with its session.
    ...gateOpenedBy(() => holder.end()),
    reached: () => reached(async () => (await server.query(waiting)).length),
  };
}

async function reached(count: () => Promise<number>): Promise<void> {
  await waitFor('somebody at the gate', async () => ((await count()) > 0 ? true : undefined), 30_000);
}
