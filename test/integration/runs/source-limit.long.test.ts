import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { createLocalSecretReader } from '../../../shared/source/credentials/secrets.ts';
import { runSync } from '../../../shared/sync/run-sync.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { mostAtOnce, TIMED_STATEMENTS } from '../../support/servers/concurrent-queries.ts';
import { sourceConfig } from '../../support/source/source-config.ts';
import { DATASET, setUpSync } from '../../support/sync/sync-setup.ts';

const scheduledTime = '2026-11-21T04:30:00.000Z';
const leaseTimes = { heartbeatMs: 3_000, expiryMs: 15_000 };
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry slots ü '));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('20 syncs of one Postgres', () => {
  it('never run more queries there at once than maxConcurrentRuns allows', async () => {
    await using setup = await setUpSync({ settings: TIMED_STATEMENTS });
    const { postgres, polyteia } = setup;
    const slots = 3;
    const query = 'SELECT i AS id, pg_sleep(0.1)::text AS s FROM generate_series(1, 5) i';
    const jobs = range(0, 20).map((n) => `sync-${n}`);
    const config = parseConfig(
      JSON.stringify({
        version: 1,
        sources: { erp: { ...sourceConfig(postgres, 'erp'), maxConcurrentRuns: slots } },
        polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
        syncs: Object.fromEntries(jobs.map((job) => [job, { source: 'erp', dataset: DATASET, query }])),
      }),
      'ferry.yaml',
    );
    const values = new Map([
      ['erp', JSON.stringify({ username: postgres.user, password: postgres.password })],
      ['polyteia', polyteia.personalAccessKey],
    ]);
    const store = createRunStore(createFolderDocumentStore(join(folder, 'state')));
    const records = await Promise.all(
      jobs.map((job) =>
        runSync({
          config,
          job,
          trigger: { type: 'schedule', scheduledTime },
          scope: 'test',
          store,
          secrets: createLocalSecretReader({ values, environment: {} }),
          extensionFolders: [PROJECT_EXTENSIONS],
          workFolder: join(folder, 'work'),
          memoryLimitBytes: 128_000_000,
          threads: 1,
          logger: createLogger({ level: 'silent' }),
          leaseTimes,
        }),
      ),
    );
    expect(records.map(({ state, rows }) => [state, rows])).toEqual(Array(20).fill(['succeeded', 5]));
    const most = await mostAtOnce(postgres, 'pg_sleep(0.1)');
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(slots);
    expect(polyteia.datasets.get(DATASET)?.uploads).toBe(20);
    const queued = records.filter(({ phases }) => phases[0]?.name === 'queued');
    expect(queued.length).toBeGreaterThanOrEqual(20 - slots);
  }, 240_000);
});
