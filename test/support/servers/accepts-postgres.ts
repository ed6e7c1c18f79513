import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { BoundProcess } from '../processes/bound-process.ts';
import { startPatience } from '../processes/patience.ts';

/** Waits until something with Postgres' protocol lets a client in; false when the process ends, or does not in time. */
export async function acceptsPostgres(
  process: BoundProcess,
  login: pg.ClientConfig,
  timeoutMs: number,
): Promise<boolean> {
  const goesOn = startPatience(timeoutMs);
  while (!process.hasEnded() && goesOn()) {
    const client = new pg.Client(login);
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      await Promise.race([sleep(25), process.ended]);
    }
  }
  return false;
}
