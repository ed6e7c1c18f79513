import { expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { readJobCheck } from '../../../shared/runs/records/job-check.ts';
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

const starterOf = (secret: Promise<string>, state = createMemoryDocumentStore()) =>
  createCheckStarter({
    config: parseConfig(JSON.stringify(config), 'ferry.yaml', 'process'),
    // A check is under way for as long as the secret is waited for.
    secrets: { read: () => secret },
    state,
    openOutput: () => Promise.reject(new Error('no extraction')),
    extensionFolders: [],
    memoryLimitBytes: 100_000_000,
    threads: 1,
    workFolder: '/tmp',
    logger: createLogger({ level: 'silent' }),
    signal: new AbortController().signal,
  });
const requestOf = (job = 'stadt-0') => ({ id: newRunId(), job, requestedBy: 'jürgen' });

it('checks each job once at a time, and lets only a few wait', async () => {
  const reading = Promise.withResolvers<string>();
  const start = starterOf(reading.promise);
  const requests = jobs.map(requestOf);
  const answers = await Promise.all(requests.map((one) => start(one).catch(({ status }) => status)));
  const accepted = requests.slice(0, 12).map(({ id }) => id);
  expect(answers).toEqual([...accepted, 503, 503]);
  // One that is under way, and one that waits, answer for another request as well.
  expect([await start(requestOf(jobs[0])), await start(requestOf(jobs[11]))]).toEqual([
    accepted[0],
    accepted[11],
  ]);
  reading.resolve('no JSON');
});

it('begins another check of a job as soon as the end of the last one can be read', async () => {
  const state = createMemoryDocumentStore();
  const next = Promise.withResolvers<string>();
  const asked: string[] = [];
  const put: typeof state.put = async (key, text) => {
    await state.put(key, text);
    // Before the last check's own process hears that its end is written.
    if (asked.length === 1 && text.includes('endedAt')) {
      const request = requestOf();
      asked.push(request.id);
      next.resolve(await start(request));
    }
  };
  const start = starterOf(Promise.resolve('no JSON'), { ...state, put });
  const first = requestOf();
  asked.push(first.id);
  expect(await start(first)).toBe(first.id);
  expect(await next.promise).toBe(asked[1]);
  await expect
    .poll(() => readJobCheck(state, 'stadt-0'))
    .toMatchObject({ id: asked[1], endedAt: expect.anything() });
});
