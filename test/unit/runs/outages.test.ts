import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SourceUnavailableError } from '../../../shared/errors.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import type { RunOptions } from '../../../shared/runs/job.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { runJob } from '../../../shared/runs/run-job.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { ordersJob } from '../../support/runs/orders-job.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry outages ü '));
});
afterAll(() => rm(folder, { recursive: true }));

const MINUTE = 60_000;
const nightly = { type: 'schedule', scheduledTime: '2027-03-27T03:30:00.000Z' } as const;
const asked = { type: 'api', triggeredBy: 'test' } as const;

/** A run whose source is away for this long, by a clock that only waiting moves. */
async function runInOutage(outageMs: number, options: Pick<RunOptions, 'trigger'> & Partial<RunOptions>) {
  let time = Date.now();
  const began = time;
  const record = await runJob(
    ordersJob,
    (context) =>
      context.phase('connect', () =>
        context.retry(async () => {
          if (time - began < outageMs) throw new SourceUnavailableError('The source is away.');
          return { rows: 1 };
        }),
      ),
    {
      scope: 'test',
      store: createRunStore(createMemoryDocumentStore()),
      workFolder: folder,
      logger: createLogger({ level: 'silent' }),
      clock: {
        now: () => time,
        sleep: async (ms) => {
          time += ms;
        },
      },
      ...options,
    },
  );
  return { state: record.state, waitedMs: time - began };
}

// The Go connector tried three times, a minute apart. A restart, a failover and a minor upgrade take minutes.
it.each([
  ['a nightly run', { trigger: nightly }, 10 * MINUTE],
  ['a run that somebody asked for', { trigger: asked }, 3 * MINUTE],
  [
    'a run of a CronJob',
    { trigger: { type: 'cli', triggeredBy: 'ü' }, patienceMs: 10 * MINUTE },
    10 * MINUTE,
  ],
] as const)('%s outlasts an outage, and gives up within a minute after that', async (_, options, leastMs) => {
  expect((await runInOutage(leastMs, options)).state).toBe('succeeded');
  const { state, waitedMs } = await runInOutage(Number.POSITIVE_INFINITY, options);
  expect(state).toBe('failed');
  expect(waitedMs).toBeGreaterThanOrEqual(leastMs);
  expect(waitedMs).toBeLessThanOrEqual(leastMs + MINUTE);
});

it('ends within the time limit, however patient it is', async () => {
  const deadline = new Date(Date.now() + 5 * MINUTE);
  const { state, waitedMs } = await runInOutage(Number.POSITIVE_INFINITY, { trigger: nightly, deadline });
  expect(state).toBe('failed');
  expect(waitedMs).toBeGreaterThan(3 * MINUTE);
  expect(waitedMs).toBeLessThan(5 * MINUTE);
});

it('leaves its place to other runs while it waits for long, and not for a moment', async () => {
  const waits: number[] = [];
  let time = Date.now();
  const clock = {
    now: () => time,
    sleep: async (ms: number) => {
      waits.push(ms);
      time += ms;
    },
  };
  const rested: number[] = [];
  const { state } = await runInOutage(Number.POSITIVE_INFINITY, {
    trigger: asked,
    maxTries: 6,
    clock,
    rest: async (wait) => {
      await wait();
      rested.push(waits.at(-1) ?? 0);
    },
  });
  expect(state).toBe('failed');
  expect(waits).toHaveLength(5);
  expect(rested).toEqual(waits.filter((ms) => ms >= 2_000));
  expect(rested.length).toBeGreaterThanOrEqual(3);
});
