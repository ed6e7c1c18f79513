import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DocumentStore } from '../../../shared/runs/documents/document-store.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { failingStore } from '../../support/runs/fault-store.ts';
import { replicaSetup } from '../../support/serve/replica-setup.ts';
import { momentOf, startServe } from '../../support/serve/start-serve.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

// The state cannot be reached for longer than a lease lives, in the middle of a run.

const OPERATIONS: readonly (keyof DocumentStore)[] = [
  ...(['now', 'put', 'create', 'get', 'list', 'listWithAges', 'remove'] as const),
  ...(['putFile', 'getFile', 'read', 'replace'] as const),
];

let postgres: PostgresServer;
let folder: string;
beforeAll(async () => {
  [postgres, folder] = await Promise.all([startPostgres(), mkdtemp(join(tmpdir(), 'ferry away ü '))]);
});
afterAll(async () => {
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a process whose state is away in the middle of a run', () => {
  it('ends that run and says why; when the state is back, it begins the run again, and then the next one', async () => {
    await using polyteia = await startPolyteiaStandIn({ datasets: [DATASET] });
    const { config, secrets } = replicaSetup({ postgres, polyteia, api: 'classic', job: 'orders' });
    const { syncs } = config as { syncs: Record<string, object> };
    const query = 'SELECT 1 AS id, pg_sleep(4)::text AS s';
    let away = false;
    let back = false;
    const documents = createMemoryDocumentStore();
    const faults = OPERATIONS.map((on) => ({ on, key: /./s, when: () => away }));
    const runs = createRunStore(documents);
    await using replica = await startServe({
      config: { ...config, syncs: { orders: { ...syncs.orders, query } } },
      secrets,
      documents: failingStore(documents, faults, []),
      workFolder: join(folder, 'work'),
      onProgress(event) {
        if (momentOf(event) === 'started export') away ||= !back;
      },
    });
    const post = () => fetch(`${replica.api}/jobs/orders/runs`, { method: 'POST' });
    const ended = async (answer: Response) => {
      const { runId } = (await answer.json()) as { runId: string };
      return waitFor(
        () => `the end of run ${runId}: ${replica.log()}`,
        async () => {
          const found = await runs.getOfJob('orders', runId);
          return found?.endedAt === undefined ? undefined : found;
        },
        30_000,
      );
    };
    const promised = await post();
    expect(promised.status).toBe(202);

    const [line] = await replica.logged(/.*"run failed".*/);
    const { error } = JSON.parse(line) as { error: Record<string, string> };
    expect(error).toEqual({
      class: 'LeaseLostError',
      message: 'The lease could not be renewed in time, so another run may have it.',
      hint: 'This run uploaded nothing. Find out why the store could not be written to.',
      // On a slow machine the query may end before the lease does.
      phase: expect.stringMatching(/^(export|guards)$/),
    });
    expect((await fetch(`${replica.health}/healthz`)).status).toBe(200);
    expect((await fetch(`${replica.health}/readyz`)).status).toBe(503);
    expect((await post()).status).toBe(503);

    back = true;
    away = false;
    expect(await ended(promised)).toMatchObject({
      state: 'succeeded',
      outcome: 'uploaded',
      attempts: [{ lostIn: expect.any(String) }, {}],
    });
    await waitFor(
      'the job to be free',
      async () => ((await runs.readHolder('orders')) ? undefined : true),
      10_000,
    );
    const next = await post();
    expect(next.status).toBe(202);
    expect(await ended(next)).toMatchObject({ state: 'succeeded' });
    expect(polyteia.datasets.get(DATASET)?.uploads).toBe(2);
    expect(await runs.list({ limit: 5 })).toHaveLength(2);
    polyteia.assertNoViolations();
  });
});
