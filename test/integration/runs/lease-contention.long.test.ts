import { spawn } from 'node:child_process';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquireLease } from '../../../shared/runs/leases/lease.ts';
import {
  type ContenderPlan,
  contend,
  findBrokenPromises,
  type LeaseEvent,
} from '../../support/runs/lease-contender.ts';
import { arbitraryPlans, roundsOf } from '../../support/runs/lease-plans.ts';
import type { LeaseProcessInput } from '../../support/runs/lease-process.ts';
import { type LeaseStores, startLeaseStores } from '../../support/runs/lease-stores.ts';
import { withClockOf } from '../../support/runs/wrong-clock.ts';

// What unit/runs/lease-contention plays in an invented time, against the real stores: contenders with clocks that are wrong by hours,
// which sleep through their expiry, crash, and lose answers.

const SCRIPT = fileURLToPath(new URL('../../support/runs/lease-process.ts', import.meta.url));
// S3 tells times in seconds.
const times = { heartbeatMs: 200, expiryMs: 1_500 };
const HOURS = [0, 5, -7, 0, 11];

let places: LeaseStores;
beforeAll(async () => {
  places = await startLeaseStores();
}, 120_000);
afterAll(() => places?.[Symbol.asyncDispose]());

let jobs = 0;
const newJob = () => {
  jobs += 1;
  return `job-${jobs}`;
};
const storeOf = (kind: keyof LeaseStores['stores']) => places.stores[kind];

/** All times of a job's lease move, as if the file system's clock had jumped the other way. */
async function jumpFileTimes(job: string, hours: number): Promise<void> {
  const versions = join(places.folder, 'leases', `${job}.json`);
  const moved = new Date(Date.now() - hours * 3_600_000);
  for (const name of await readdir(versions)) {
    // Replaced in this moment.
    await utimes(join(versions, name), moved, moved).catch(() => {});
  }
}

async function inThisProcess(
  kind: keyof LeaseStores['stores'],
  job: string,
  plans: ContenderPlan[],
): Promise<LeaseEvent[]> {
  const events: LeaseEvent[] = [];
  const contender = {
    store: storeOf(kind),
    job,
    times,
    now: () => performance.now(),
    tell: (event: LeaseEvent) => events.push(event),
    jump: (hours: number) => (kind === 'folder' ? jumpFileTimes(job, hours) : undefined),
  };
  await Promise.all(
    plans.map((plan, n) => withClockOf(HOURS[n % HOURS.length] ?? 0, () => contend({ ...contender, plan }))),
  );
  return events;
}

async function inProcesses(
  _kind: keyof LeaseStores['stores'],
  job: string,
  plans: ContenderPlan[],
): Promise<LeaseEvent[]> {
  const outputs = await Promise.all(
    plans.map((plan, n) => {
      const skewHours = HOURS[n % HOURS.length] ?? 0;
      const input: LeaseProcessInput = { folder: places.folder, job, times, plan, skewHours };
      const child = spawn(process.execPath, [SCRIPT, JSON.stringify(input)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      return text(child.stdout);
    }),
  );
  return outputs
    .flatMap((output) => output.split('\n').filter(Boolean))
    .map((line) => JSON.parse(line) as LeaseEvent);
}

describe.each([
  ['a bucket', 'bucket', inThisProcess, 6, 3],
  ['a folder', 'folder', inThisProcess, 6, 3],
  ['a folder and several processes', 'folder', inProcesses, 5, 2],
] as const)('%s', (_name, kind, play, contenders, turns) => {
  it('never has two uploads of one term, and after all crashes somebody gets the lease', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryPlans(contenders, turns), async (plans) => {
        const job = newJob();
        const events = await play(kind, job, plans);
        expect(findBrokenPromises(events)).toEqual([]);
        expect(events.length).toBeGreaterThan(0);
        const last = await acquireLease(storeOf(kind), { job, runId: 'last', times, sleep });
        expect(last.outcome).toBe('acquired');
      }),
      // A smaller plan is not worth the minutes: the seed plays this one again.
      { numRuns: roundsOf(2), endOnFailure: true },
    );
  }, 3_600_000);
});
