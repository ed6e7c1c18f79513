import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { DocumentStore } from '../../../shared/runs/documents/document-store.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createS3DocumentStore } from '../../../shared/runs/documents/s3-document-store.ts';
import type { RunRecord } from '../../../shared/runs/records/run-record.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { startMiniStack } from '../aws/mini-stack.ts';
import { createBucket } from '../aws/mini-stack-bucket.ts';
import { startPolyteiaStandIn } from '../polyteia/stand-in/stand-in.ts';
import { waitFor } from '../processes/wait-for.ts';
import { readParquetWithPyarrow } from '../readers/read-parquet.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres-server.ts';
import { DATASET } from '../sync/sync-setup.ts';
import { ROWS, replicaSetup } from './replica-setup.ts';
import { momentOf, type Replica, startServe } from './start-serve.ts';

/** An API of Polyteia. */
export type Api = 'classic' | 'session';

/** A place for the replicas' state. */
export type Place = 'folder' | 'bucket';

/** Where runs are handed over. */
export interface HandOverBench extends AsyncDisposable {
  /** Starts two replicas on one state, ends one at a moment of its run, and checks that the other one brings the run to its end. */
  assertHandedOver(place: Place, moment: string, api: Api): Promise<void>;
}

/** Starts what replicas need: a Postgres with rows, and a place for their state of each kind. */
export async function startHandOverBench(): Promise<HandOverBench> {
  const [postgres, aws, folder] = await Promise.all([
    startPostgres(),
    startMiniStack(),
    mkdtemp(join(tmpdir(), 'ferry hand over ü ')),
  ]);
  const client = await createBucket(aws, 'ferry-state');
  let count = 0;
  const stores: Record<Place, () => DocumentStore> = {
    folder() {
      count += 1;
      return createFolderDocumentStore(join(folder, `state ${count}`));
    },
    bucket: () => createS3DocumentStore({ client, bucket: 'ferry-state' }),
  };
  return {
    async assertHandedOver(place, moment, api) {
      const where = { postgres, documents: stores[place](), workFolder: join(folder, 'work') };
      await using pair = await startPair(where, moment, api);
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
      expect(record).toMatchObject({
        id,
        state: 'succeeded',
        outcome: 'uploaded',
        rows: ROWS,
        trigger: 'api',
      });
      expect(record.attempts?.filter(({ lostIn }) => lostIn !== undefined)).toEqual([]);
      const { content, uploads } = pair.polyteia.datasets.get(DATASET) ?? {};
      expect((await readParquetWithPyarrow(content?.file ?? '')).rowCount).toBe(ROWS);
      // What was sent as a whole is not sent again, unless nobody can know that it arrived.
      expect(uploads).toBeLessThanOrEqual(moment.endsWith('upload') ? 2 : 1);
      pair.polyteia.assertNoViolations();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([postgres.stop(), aws.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Where {
  postgres: PostgresServer;
  documents: DocumentStore;
  workFolder: string;
}

/** Two replicas of one configuration, the first of which is stopped at a moment of its first run. */
async function startPair({ postgres, documents, workFolder }: Where, moment: string, api: Api) {
  const polyteia = await startPolyteiaStandIn({ api, datasets: [DATASET] });
  // Each run has its own job, so that the bucket can be shared.
  const job = `orders-${Math.random().toString(36).slice(2)}`;
  const common = {
    ...replicaSetup({ postgres, polyteia, api, job }),
    documents,
    workFolder,
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
