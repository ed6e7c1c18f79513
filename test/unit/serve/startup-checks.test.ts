import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { runStartupChecks } from '../../../shared/serve/startup-checks.ts';
import { createLocalSecretReader } from '../../../shared/source/credentials/secrets.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry start-up ü '));
});
afterAll(() => rm(folder, { recursive: true }));

const sync = (source: string) => ({ source, query: 'SELECT 1 AS id', dataset: 'ds_cv4t2cf0i6q1gflvu4m0' });
const source = (secret: string) => ({
  type: 'postgres',
  host: '127.0.0.1',
  database: 'erp',
  auth: { type: 'password', secret },
});

it('log a cause once that many jobs have in common, and in the end how many are ready', async () => {
  const lines: string[] = [];
  const config = parseConfig(
    JSON.stringify({
      version: 1,
      sources: { erp: source('erp'), hr: source('hr') },
      polyteia: { default: { token: 'polyteia', baseUrl: 'http://127.0.0.1:1' } },
      syncs: { orders: sync('erp'), staff: sync('hr'), stock: sync('erp') },
    }),
    'ferry.yaml',
  );
  const failed = await runStartupChecks({
    config,
    state: createMemoryDocumentStore(),
    openOutput: () => Promise.reject(new Error('There is no extraction.')),
    secrets: createLocalSecretReader({ values: new Map(), environment: {} }),
    extensionFolders: [],
    workFolder: folder,
    memoryLimitBytes: 100_000_000,
    threads: 1,
    signal: AbortSignal.timeout(60_000),
    logger: createLogger({
      level: 'info',
      format: 'text',
      destination: { write: (line) => lines.push(line.replace(/^\S+ /, '').trimEnd()) },
    }),
  });
  expect(failed).toEqual(['orders', 'staff', 'stock']);
  const told = lines.map((line) => line.replace(/ → .* job=/, ' job='));
  expect(told.filter((line) => line.includes('secret erp was'))).toEqual([
    'ERROR check failed: secret: The secret erp was not found on this machine. job=orders',
  ]);
  expect(told).toContain('ERROR check failed, as that of orders job=stock');
  expect(told.at(-1)).toBe('ERROR 0 of 3 jobs ready, not: orders, staff, stock');
});
