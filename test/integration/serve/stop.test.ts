import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/load-config.ts';
import type { DocumentStore } from '../../../shared/runs/documents/document-store.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { leaseTimes } from '../../../shared/runs/leases/lease.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { scheduleMemoryKey } from '../../../shared/watchdog/schedule-memory.ts';
import { watchedJobsOf } from '../../../shared/watchdog/watched-jobs.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { startServe } from '../../support/serve/start-serve.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

// A source that takes connections and never says a word: what waits for it is under way when the signal comes.

let source: Server;
let polyteia: PolyteiaStandIn;
let folder: string;
const sockets = new Set<Socket>();
beforeAll(async () => {
  source = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => source.listen(0, '127.0.0.1', resolve));
  [polyteia, folder] = await Promise.all([
    startPolyteiaStandIn({ datasets: [DATASET] }),
    mkdtemp(join(tmpdir(), 'ferry stop ü ')),
  ]);
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  source?.close();
  await polyteia?.stop();
  await rm(folder, { recursive: true, force: true });
});

const schedule = { cron: '0 4 * * *', timezone: 'UTC' };

function setup(documents: DocumentStore) {
  const address = source.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const sync = { source: 'erp', dataset: DATASET, query: 'SELECT 1 AS id' };
  return {
    config: {
      version: 1,
      sources: {
        erp: {
          type: 'postgres',
          host: '127.0.0.1',
          port,
          database: 'erp',
          tls: { mode: 'disable' },
          auth: { type: 'password', secret: 'erp' },
          maxConcurrentRuns: 1,
        },
      },
      polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
      syncs: { orders: { ...sync, schedule }, other: sync },
    },
    secrets: { erp: { username: 'u', password: 'p' }, polyteia: polyteia.personalAccessKey },
    documents,
    workFolder: join(folder, 'work'),
  };
}

describe('a process that is asked to end', () => {
  it('begins nothing, not even a start that was missed, if it was still checking', async () => {
    const documents = createMemoryDocumentStore();
    const since = new Date(Date.now() - 5 * 86_400_000).toISOString();
    const config = parseConfig(JSON.stringify(setup(documents).config), 'ferry.yaml', 'process');
    const known = JSON.stringify(watchedJobsOf(config, '15m').orders?.schedule);
    const memory = { schemaVersion: 1, jobs: { orders: { schedule: known, since } } };
    await documents.replace(scheduleMemoryKey('test'), JSON.stringify(memory), undefined);
    const replica = await startServe({
      ...setup(documents),
      exitOnFailedCheck: true,
      catchUpMs: 500 * 3_600_000,
    });
    await replica.stop();
    expect(replica.log()).toContain('it is made up for now');
    expect(replica.log()).not.toMatch(/run started|check failed/);
    expect(await createRunStore(documents).list({ limit: 5 })).toEqual([]);
  });

  it('takes no request that it could not begin', async () => {
    const documents = createMemoryDocumentStore();
    const replica = await startServe({ ...setup(documents), graceMs: 500 });
    const start = (job: string) => fetch(`${replica.api}/jobs/${job}/runs`, { method: 'POST' });
    expect((await start('orders')).status).toBe(202);
    await replica.logged(/run started/);
    const probe = async (path: string) => (await fetch(`${replica.health}${path}`)).status;
    expect(await probe('/readyz')).toBe(200);
    const stopped = replica.stop();
    const refused = await start('other');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await Promise.all([probe('/readyz'), probe('/healthz')])).toEqual([503, 200]);
    await stopped;
    expect(await createRunStore(documents).list({ limit: 5 })).toMatchObject([
      { job: 'orders', state: 'queued' },
    ]);
  });

  it('does not wait longer for a source that does not answer than a check may take', async () => {
    await using replica = await startServe({ ...setup(createMemoryDocumentStore()), checkMs: 200 });
    const [line] = await replica.logged(/.*check failed.*/);
    expect(line).toContain('The checks of this job took longer than 0.20 s.');
  });

  it.each([
    ['the lease of its job', 'orders', 'waiting', []],
    ['a slot of its source', 'other', 'queued', [{ job: 'other', state: 'queued' }]],
  ])('leaves a run that waits for %s to others at once: it would begin', async (_, job, sign, recorded) => {
    const documents = createMemoryDocumentStore();
    const runs = createRunStore(documents);
    const holder = { job: 'orders', runId: newRunId(), times: leaseTimes };
    await runs.acquireLease({ ...holder, sleep: async () => {} });
    await runs.queueForSlot({ ...holder, source: 'erp', slots: 1 }).look();
    const waits = Promise.withResolvers<void>();
    const { config, ...others } = setup(documents);
    const { [job]: sync } = config.syncs as Record<string, object>;
    const syncs = { [job]: { ...sync, schedule: { cron: '@every 1s', timezone: 'UTC' } } };
    await using replica = await startServe({
      ...others,
      config: { ...config, syncs },
      checkMs: 200,
      graceMs: 3_600_000,
      onProgress: ({ type }) => {
        if (type === sign) waits.resolve();
      },
    });
    await waits.promise;
    await replica.stop();
    expect(await runs.list({ limit: 5 })).toMatchObject(recorded);
  });

  it('leaves what it promised to others, also while that waits for its turn', async () => {
    const documents = createMemoryDocumentStore();
    await using replica = await startServe({ ...setup(documents), maxRuns: 1 });
    const start = async (job: string) => {
      const answer = await fetch(`${replica.api}/jobs/${job}/runs`, { method: 'POST' });
      return ((await answer.json()) as { runId: string }).runId;
    };
    await start('orders');
    const waiting = await start('other');
    await using next = await startServe({ ...setup(documents) });
    await next.logged(new RegExp(`${waiting}.*run started`));
  });
});
