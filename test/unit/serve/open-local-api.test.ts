import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { openLocalApi } from '../../../shared/serve/open-local-api.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { runningRecord } from '../../support/api.ts';

const config = {
  version: 1,
  sources: {
    erp: {
      type: 'postgres',
      host: '127.0.0.1',
      database: 'größe',
      auth: { type: 'password', secret: 'erp' },
      tls: { mode: 'verify-full', ca: 'system' },
    },
  },
  polyteia: { default: { token: 'polyteia' } },
  syncs: { orders: { source: 'erp', query: 'SELECT 1 AS a', dataset: 'ds_a' } },
};

it('begins no run that another process has left, because somebody looks', async () => {
  const workFolder = await mkdtemp(join(tmpdir(), 'ferry api ü '));
  const documents = createMemoryDocumentStore();
  const runs = createRunStore(documents);
  // Killed long ago: no lease.
  const left = runningRecord({ trigger: 'api', triggeredBy: 'jürgen' });
  await runs.save(left);
  const looked = Promise.withResolvers<void>();
  const lines: string[] = [];
  const api = await openLocalApi(
    {
      config: parseConfig(JSON.stringify(config), 'ferry.yaml', 'process'),
      secrets: { read: async () => 'no JSON' },
      documents,
      openOutput: () => Promise.reject(new Error('no extraction')),
      extensionFolders: [],
      memoryLimitBytes: 100_000_000,
      threads: 1,
      workFolder,
      logger: createLogger({ level: 'info', destination: { write: (line) => lines.push(line) } }),
      signal: new AbortController().signal,
      maxRuns: 1,
      timeoutMs: 60_000,
      name: 'ferry',
      clock: {
        now: Date.now,
        async sleep(_ms, signal) {
          looked.resolve();
          await new Promise((_, reject) => signal?.addEventListener('abort', reject));
        },
      },
    },
    { logs: { read: () => [] }, caller: 'anna' },
  );
  await looked.promise;
  await api.stop(0);
  expect(lines).toEqual([]);
  expect(await runs.getOfJob('orders', left.id)).toEqual(left);
  await rm(workFolder, { recursive: true });
});
