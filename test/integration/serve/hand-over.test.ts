import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DocumentStore } from '../../../shared/runs/documents/document-store.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createS3DocumentStore } from '../../../shared/runs/documents/s3-document-store.ts';
import type { RunRecord } from '../../../shared/runs/records/run-record.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { type MiniStack, startMiniStack } from '../../support/aws/mini-stack.ts';
import { createBucket } from '../../support/aws/mini-stack-bucket.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { readParquetWithPyarrow } from '../../support/readers/read-parquet.ts';
import { ROWS, replicaSetup } from '../../support/serve/replica-setup.ts';
import { momentOf, type Replica, startServe } from '../../support/serve/start-serve.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

// Two replicas on one state: one ends in the middle of a run, the other takes it over.

let postgres: PostgresServer;
let aws: MiniStack;
let folder: string;
const stores: Record<string, () => DocumentStore> = {};
beforeAll(async () => {
  [postgres, aws, folder] = await Promise.all([
    startPostgres(),
    startMiniStack(),
    mkdtemp(join(tmpdir(), 'ferry hand over ü ')),
  ]);
  const client = await createBucket(aws, 'ferry-state');
  let count = 0;
  stores.folder = () => {
    count += 1;
    return createFolderDocumentStore(join(folder, `state ${count}`));
  };
  stores.bucket = () => createS3DocumentStore({ client, bucket: 'ferry-state' });
}, 120_000);
afterAll(async () => {
  await Promise.all([postgres?.stop(), aws?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

type Api = 'classic' | 'session';

/** Two replicas of one configuration, the first of which is stopped at a moment of its first run. */
async function replicas(store: string, api: Api, moment: string) {
  const polyteia = await startPolyteiaStandIn({ api, datasets: [DATASET] });
  const documents = stores[store]?.() as DocumentStore;
  // Each run has its own job, so that the bucket can be shared.
  const job = `orders-${Math.random().toString(36).slice(2)}`;
  const common = {
    ...replicaSetup({ postgres, polyteia, api, job }),
    documents,
    workFolder: join(folder, 'work'),
  };
  let reached = false;
  let stopping: Promise<void> | undefined;
  const first: Replica = await startServe({
    ...common,
    onProgress(event) {
      if (reached || momentOf(event) !== moment) return;
      reached = true;
      stopping = first.stop();
    },
  });
  const second = await startServe(common);
  const runs = createRunStore(documents);
  return {
    job,
    polyteia,
    first,
    second,
    runs,
    stopped: async () => {
      await waitFor('the moment', () => (reached ? true : undefined), 30_000);
      await stopping;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([first.stop(), second.stop()]);
      await polyteia.stop();
    },
  };
}

async function startRun(replica: Replica, job: string): Promise<string> {
  const response = await fetch(`${replica.api}/jobs/${job}/runs`, { method: 'POST' });
  expect(response.status).toBe(202);
  return ((await response.json()) as { runId: string }).runId;
}

const MOMENTS: readonly (readonly [string, Api])[] = [
  ['started check target', 'classic'],
  ['started describe', 'classic'],
  ['started export', 'classic'],
  ['started guards', 'classic'],
  ['started upload', 'classic'],
  ['moved upload', 'classic'],
  ['started verify', 'classic'],
  ['moved upload', 'session'],
  ['started ingest', 'session'],
];

describe.each(['folder', 'bucket'])('two replicas on one %s', (store) => {
  it.each(MOMENTS)('hand a run over at "%s" (%s API), and lose nothing', async (moment, api) => {
    await using pair = await replicas(store, api, moment);
    const id = await startRun(pair.first, pair.job);
    await pair.stopped();
    const record = await waitFor(
      () => `the end of the run; the second replica said: ${pair.second.log()}`,
      async () => {
        const found: RunRecord | undefined = await pair.runs.getOfJob(pair.job, id);
        return found?.endedAt === undefined ? undefined : found;
      },
      30_000,
    );
    expect(record).toMatchObject({ id, state: 'succeeded', outcome: 'uploaded', rows: ROWS, trigger: 'api' });
    expect(record.attempts?.filter(({ lostIn }) => lostIn !== undefined)).toEqual([]);
    const { content, uploads } = pair.polyteia.datasets.get(DATASET) ?? {};
    expect((await readParquetWithPyarrow(content?.file ?? '')).rowCount).toBe(ROWS);
    // What was sent as a whole is not sent again, unless nobody can know that it arrived.
    expect(uploads).toBeLessThanOrEqual(moment.endsWith('upload') ? 2 : 1);
    pair.polyteia.assertNoViolations();
  });
});
