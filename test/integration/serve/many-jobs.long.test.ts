import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { realClock } from '../../../shared/sleep.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { startServe } from '../../support/serve/start-serve.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';

const JOBS = 300;
const MAX_RUNS = 3;
const PLANNED = '2027-03-01T04:00:00.000Z';

let postgres: PostgresServer;
let folder: string;
beforeAll(async () => {
  [postgres, folder] = await Promise.all([startPostgres(), mkdtemp(join(tmpdir(), 'ferry many ü '))]);
});
afterAll(async () => {
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('300 jobs that are due at the same time', () => {
  it('run once each, a few at a time', async () => {
    const datasets = Array.from({ length: JOBS }, (_, n) => `ds_many${String(n).padStart(6, '0')}`);
    await using polyteia = await startPolyteiaStandIn({ datasets });
    const shiftMs = Date.parse(PLANNED) - 2_000 - Date.now();
    const clock = { ...realClock, now: () => Date.now() + shiftMs };
    const documents = { ...createMemoryDocumentStore(), now: async () => clock.now() };
    const runs = createRunStore(documents);
    await using replica = await startServe({
      config: {
        version: 1,
        sources: { erp: sourceConfig(postgres, 'erp') },
        polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
        syncs: Object.fromEntries(
          datasets.map((dataset, n) => [
            `job-${n}`,
            { source: 'erp', dataset, query: `SELECT ${n} AS id`, schedule: { cron: '0 4 * * *' } },
          ]),
        ),
      },
      secrets: {
        erp: { username: postgres.user, password: postgres.password },
        polyteia: polyteia.personalAccessKey,
      },
      documents,
      workFolder: join(folder, 'work'),
      maxRuns: MAX_RUNS,
      clock,
    });
    const ended = () => replica.log().split('"run succeeded"').length - 1;
    await waitFor('all runs', () => (ended() >= JOBS ? true : undefined), 550_000);

    let working = 0;
    let most = 0;
    for (const [word] of replica.log().matchAll(/"run (started|succeeded|failed)"/g)) {
      working += word.includes('started') ? 1 : -1;
      most = Math.max(most, working);
    }
    expect(most).toBe(MAX_RUNS);
    expect(datasets.map((dataset) => polyteia.datasets.get(dataset)?.uploads)).toEqual(datasets.map(() => 1));
    const records = await runs.list({ limit: JOBS + 10 });
    expect(new Set(records.map(({ job }) => job)).size).toBe(JOBS);
    expect(
      records.filter(({ scheduledTime, state }) => scheduledTime !== PLANNED || state !== 'succeeded'),
    ).toEqual([]);
    expect((await fetch(`${replica.health}/readyz`)).status).toBe(200);
    polyteia.assertNoViolations();
  }, 600_000);
});
