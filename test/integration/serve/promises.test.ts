import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { createRunRequestStore } from '../../../shared/runs/records/run-request-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { failingStore, type StoreFault } from '../../support/runs/fault-store.ts';
import { replicaSetup } from '../../support/serve/replica-setup.ts';
import { startServe } from '../../support/serve/start-serve.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

// What the API has promised with 202 takes place, whatever becomes of the process that promised it.

let postgres: PostgresServer;
let polyteia: PolyteiaStandIn;
let folder: string;
beforeAll(async () => {
  [postgres, polyteia, folder] = await Promise.all([
    startPostgres(),
    startPolyteiaStandIn({ datasets: ['ds_meldungen1'] }),
    mkdtemp(join(tmpdir(), 'ferry promises ü ')),
  ]);
});
afterAll(async () => {
  await Promise.all([postgres?.stop(), polyteia?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

/** A state, and replicas on it of which some have trouble with it. */
function createState() {
  const documents = createMemoryDocumentStore();
  const setup = replicaSetup({ postgres, polyteia, api: 'classic', job: 'orders' });
  const workFolder = join(folder, 'work');
  return {
    documents,
    runs: createRunStore(documents),
    startReplica: (faults: StoreFault[] = []) =>
      startServe({ ...setup, workFolder, documents: failingStore(documents, faults, []) }),
  };
}

const post = (api: string) => fetch(`${api}/jobs/orders/runs`, { method: 'POST' });

describe('a run that was promised', () => {
  it('is begun by others if the process never got to it', async () => {
    const { runs, startReplica } = createState();
    // It can answer, and do nothing of what it promised.
    await using first = await startReplica([{ on: 'replace', key: /^leases\// }]);
    const answer = await post(first.api);
    expect(answer.status).toBe(202);
    const { runId } = (await answer.json()) as { runId: string };
    expect(await runs.getOfJob('orders', runId)).toMatchObject({ state: 'queued', trigger: 'api' });
    await using second = await startReplica();
    await second.logged(new RegExp(`${runId}.*run succeeded`));
    const ended = await runs.getOfJob('orders', runId);
    expect(ended).toMatchObject({ state: 'succeeded', outcome: 'uploaded', triggeredBy: 'anonymous' });
    expect(ended?.attempts).toHaveLength(1);
  });

  it('is not promised when that cannot be written', async () => {
    const { runs, startReplica } = createState();
    await using replica = await startReplica([{ on: 'create', key: /^jobs\//, times: 1 }]);
    const refused = await post(replica.api);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await runs.list({ limit: 5 })).toEqual([]);
    expect((await post(replica.api)).status).toBe(202);
    await replica.logged(/run succeeded/);
    expect(await runs.list({ limit: 5 })).toHaveLength(1);
  });

  it('ends as failed when it can no longer be what was asked for', async () => {
    const { documents, runs, startReplica } = createState();
    const refusedId = newRunId();
    const request = {
      job: 'orders',
      runId: newRunId(),
      triggeredBy: 'someone',
      accept: { runId: refusedId },
    };
    await createRunRequestStore(documents).save({ requestedAt: new Date().toISOString(), request });
    const { runId: id, job, triggeredBy } = request;
    await runs.create({
      ...{
        schemaVersion: 1,
        id,
        job,
        kind: 'sync',
        source: 'erp',
        dataset: 'ds_meldungen1',
        target: 'default',
      },
      ...{ state: 'queued', trigger: 'api', triggeredBy, startedAt: new Date().toISOString() },
      ...{ phases: [], warnings: [], configHash: '' },
    });
    await using replica = await startReplica();
    const ended = await waitFor(
      'the end of the run',
      async () => {
        const found = await runs.getOfJob('orders', id);
        return found?.endedAt === undefined ? undefined : found;
      },
      20_000,
    );
    expect(ended).toMatchObject({
      state: 'failed',
      error: { class: 'ConfigError', message: `There is no run "${refusedId}".` },
    });
    expect(replica.log().split('it begins here')).toHaveLength(2);
  });
});
