import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { ConfigError } from '../../../shared/errors.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import type { JobContext, RunOptions } from '../../../shared/runs/job.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { runJob } from '../../../shared/runs/run-job.ts';
import { refusePromise } from '../../../shared/serve/starts/promised-runs.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { startTelemetry } from '../../../shared/telemetry/start-telemetry.ts';
import { ordersJob } from '../../support/runs/orders-job.ts';
import { MINUTE, unscheduled, watchdogWorld } from '../../support/watchdog.ts';

/** The runs that are counted while something is done: how many, by state and class of error. */
async function countedIn(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const telemetry = await startTelemetry({}, { scraped: true });
  try {
    await telemetry.scrape?.();
    await work();
    const lines = ((await telemetry.scrape?.()) ?? '').matchAll(/^ferry_runs_total\{(.*)\} (\d+)$/gm);
    return Object.fromEntries(
      [...lines].map(([, labels = '', count]) => {
        const labelOf = (name: string) => new RegExp(`${name}="(\\w+)"`).exec(labels)?.[1];
        return [[labelOf('ferry_run_state'), labelOf('error_type')].join(' ').trim(), Number(count)];
      }),
    );
  } finally {
    await telemetry.end();
  }
}

it('a run that was killed is counted by the watchdog that closes it, once', async () => {
  const counted = await countedIn(async () => {
    const world = watchdogWorld({ orders: unscheduled });
    await world.running({ trigger: 'cli', state: 'running' });
    for (let round = 0; round < 3; round += 1) {
      world.wait(60 * MINUTE);
      await world.round();
    }
  });
  expect(counted).toEqual({ 'failed LostError': 1 });
});

it('a run that loses its lease is counted by the one that takes it, once', async () => {
  const options: RunOptions = {
    trigger: { type: 'api', triggeredBy: 'tester' },
    scope: 'test',
    store: createRunStore(createMemoryDocumentStore()),
    workFolder: tmpdir(),
    logger: createLogger({ level: 'silent' }),
    leaseTimes: { heartbeatMs: 60_000, expiryMs: 1 },
  };
  const read = (context: JobContext) => context.phase('read', async () => ({}));
  const states: string[] = [];
  const counted = await countedIn(async () => {
    const slow = async () => {
      states.push((await runJob(ordersJob, read, options)).state);
      return {};
    };
    states.push((await runJob(ordersJob, slow, options)).state);
  });
  expect(states).toEqual(['succeeded', 'failed']);
  expect(counted).toEqual({ succeeded: 1, 'failed LostError': 1 });
});

it('a promised run that can no longer take place is counted', async () => {
  const counted = await countedIn(async () => {
    const { runs, running } = watchdogWorld({ orders: unscheduled });
    const { id } = await running({ state: 'queued' });
    await refusePromise({ job: 'orders', runId: id }, new ConfigError('gone'), runs);
  });
  expect(counted).toEqual({ 'failed ConfigError': 1 });
});
