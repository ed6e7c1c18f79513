import { expect, it } from 'vitest';
import { readCredentials } from '../../../shared/atlan/sent-credentials.ts';
import { createWorkflowConfigs } from '../../../shared/atlan/workflows/workflow-config.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { parseHostRule } from '../../../shared/network/host-rule.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { CallerRuns } from '../../../shared/serve/callers/caller-runs.ts';
import { EVERYTHING } from '../../../shared/source/catalog/filters.ts';

it('a ninth run with credentials begins as soon as the end of one of the eight can be read', async () => {
  const ended = new Set<string>();
  const config = {
    version: 1,
    sources: {
      erp: { type: 'postgres', host: 'db', database: 'erp', auth: { type: 'password', secret: 'erp' } },
    },
    extractions: { catalogs: { sources: ['erp'] } },
  };
  const callers = new CallerRuns({
    config: parseConfig(JSON.stringify(config), 'ferry.yaml', 'process'),
    secrets: { read: () => Promise.reject(new Error('no secret is needed')) },
    rules: { hostRule: parseHostRule('127.0.0.0/8', '--allow-hosts'), roleArns: [], tls: {} },
    configs: createWorkflowConfigs(createMemoryDocumentStore(), { days: 30, now: Date.now }),
    // It has a run for a moment longer than its record says.
    pool: () => ({ closed: false, has: () => true, runOf: () => undefined, start: () => {} }),
    record: async () => {},
    hasEnded: async (runId) => ended.has(runId),
    timeoutMs: 60_000,
  });
  const sent = {
    host: '127.0.0.1',
    port: 5432,
    authType: 'basic',
    username: 'u',
    password: 'p',
    extra: { database: 'erp' },
  };
  const start = async (): Promise<string> => {
    const begin = await callers.prepare({
      workflowId: 'w',
      connection: { name: 'erp', qualifiedName: 'default/postgres/1764500000' },
      filters: EVERYTHING,
      target: readCredentials(sent, ['credentials']),
      folder: '',
    });
    const runId = newRunId();
    await begin({ job: 'w', runId, triggeredBy: 'jürgen' });
    return runId;
  };
  const first = await start();
  for (let others = 0; others < 7; others += 1) await start();
  await expect(start()).rejects.toMatchObject({ status: 503 });
  ended.add(first);
  expect(await start()).not.toBe(first);
  await expect(start()).rejects.toMatchObject({ status: 503 });
});
