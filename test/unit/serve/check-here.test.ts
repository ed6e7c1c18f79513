import { expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { createCheckStarter } from '../../../shared/serve/starts/check-here.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

const jobs = Array.from({ length: 14 }, (_, index) => `stadt-${index}`);
const config = {
  version: 1,
  sources: {
    erp: {
      type: 'postgres',
      host: '127.0.0.1',
      database: 'erp',
      auth: { type: 'password', secret: 'erp' },
      tls: { mode: 'verify-full', ca: 'system' },
    },
  },
  polyteia: { default: { token: 'polyteia' } },
  syncs: Object.fromEntries(
    jobs.map((job) => [job, { source: 'erp', query: 'SELECT 1 AS a', dataset: 'ds_a' }]),
  ),
};

it('checks each job once at a time, and lets only a few wait', async () => {
  const reading = Promise.withResolvers<string>();
  const ending = new AbortController();
  const start = createCheckStarter({
    config: parseConfig(JSON.stringify(config), 'ferry.yaml', 'process'),
    // The check is under way for as long as the secret is waited for.
    secrets: { read: () => reading.promise },
    state: createMemoryDocumentStore(),
    openOutput: () => Promise.reject(new Error('no extraction')),
    extensionFolders: [],
    memoryLimitBytes: 100_000_000,
    threads: 1,
    workFolder: '/tmp',
    logger: createLogger({ level: 'silent' }),
    signal: ending.signal,
  });
  const ask = (job: string | undefined) =>
    start({ id: newRunId(), job: job ?? '', requestedBy: 'jürgen' }).then(
      () => 202,
      ({ status }) => status,
    );
  const answers: number[] = [];
  for (const job of jobs) answers.push(await ask(job));
  expect(answers).toEqual([...Array.from({ length: 12 }, () => 202), 503, 503]);
  // One that is under way, and one that waits.
  expect([await ask(jobs[0]), await ask(jobs[11])]).toEqual([409, 409]);
  ending.abort();
  reading.resolve('no JSON');
});
