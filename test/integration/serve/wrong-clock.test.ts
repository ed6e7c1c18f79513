import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { timeOfRunId } from '../../../shared/runs/run-id.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { withClockOf } from '../../support/runs/wrong-clock.ts';
import { replicaSetup } from '../../support/serve/replica-setup.ts';
import { type Replica, startServe } from '../../support/serve/start-serve.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

// Three replicas on one state: the clock of one is right, of one an hour ahead, of one an hour behind.

const HOURS = [0, 1, -1];
const EVERY_MS = 2_000;

let postgres: PostgresServer;
let folder: string;
beforeAll(async () => {
  [postgres, folder] = await Promise.all([startPostgres(), mkdtemp(join(tmpdir(), 'ferry clocks ü '))]);
});
afterAll(async () => {
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('replicas whose clocks differ', () => {
  it('start what is planned at the same time, each once', async () => {
    await using polyteia = await startPolyteiaStandIn({ datasets: [DATASET] });
    const documents = createFolderDocumentStore(join(folder, 'state'));
    const runs = createRunStore(documents);
    const { config, secrets } = replicaSetup({ postgres, polyteia, api: 'classic', job: 'orders' });
    const { syncs } = config as { syncs: Record<string, object> };
    const setup = {
      config: {
        ...config,
        syncs: {
          often: { ...syncs.orders, query: 'SELECT 1 AS id', schedule: { cron: '@every 2s' } },
          asked: { ...syncs.orders, query: 'SELECT 1 AS id' },
        },
      },
      secrets,
      documents,
      workFolder: join(folder, 'work'),
      graceMs: 10_000,
    };
    const begin = Date.now();
    const enough = Promise.withResolvers<void>();
    const replicas: Replica[] = [];
    const running = HOURS.map((hours) =>
      withClockOf(hours, async () => {
        const replica = await startServe(setup);
        replicas.push(replica);
        await enough.promise;
        await replica.stop();
      }),
    );
    const scheduled = async () => (await runs.list({ job: 'often', limit: 100 })).toReversed();
    await waitFor('three runs', async () => ((await scheduled()).length >= 3 ? true : undefined), 40_000);
    const ids = await Promise.all(
      replicas.map(async ({ api }) => {
        const answer = await fetch(`${api}/jobs/asked/runs`, { method: 'POST' });
        return ((await answer.json()) as { runId: string }).runId;
      }),
    );
    const isOver = async (id: string) =>
      ['succeeded', 'skipped'].includes((await runs.getOfJob('asked', id))?.state ?? '');
    await waitFor(
      'the runs that were asked for',
      async () => (await Promise.all(ids.map(isOver))).every((over) => over) || undefined,
      40_000,
    );
    enough.resolve();
    await Promise.all(running);
    const end = Date.now();

    const planned = (await scheduled()).map(({ scheduledTime = '' }) => Date.parse(scheduledTime));
    // None is there twice, and none is early or late by an hour.
    expect(new Set(planned).size).toBe(planned.length);
    expect(planned.every((time) => time > begin && time <= end && time % EVERY_MS === 0)).toBe(true);
    for (const id of ids) {
      expect(timeOfRunId(id).getTime()).toBeGreaterThan(begin);
      expect(timeOfRunId(id).getTime()).toBeLessThanOrEqual(end);
    }
    const all = await runs.list({ limit: 100 });
    // Of two that were asked for at once, one runs. What is due in the moment that the replicas end is left to the next one.
    expect(all.filter(({ state }) => !['succeeded', 'skipped', 'queued'].includes(state))).toEqual([]);
    expect(all.filter(({ job, state }) => job === 'asked' && state === 'succeeded')).not.toEqual([]);
    const uploaded = all.filter(({ state }) => state === 'succeeded');
    expect(polyteia.datasets.get(DATASET)?.uploads).toBe(uploaded.length);
    expect(replicas.map((replica) => replica.log().includes('Set this machine’s clock')).sort()).toEqual([
      false,
      true,
      true,
    ]);
    polyteia.assertNoViolations();
  });
});
