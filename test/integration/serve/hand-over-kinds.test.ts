import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { assertOutput } from '../../support/extraction/assert-output.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { readParquetWithPyarrow } from '../../support/readers/read-parquet.ts';
import { ROWS, replicaSetup } from '../../support/serve/replica-setup.ts';
import { momentOf, type Replica, startServe } from '../../support/serve/start-serve.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

// As in hand-over.test.ts, for what is not a sync: files that are sent again, and extractions.

let postgres: PostgresServer;
let folder: string;
beforeAll(async () => {
  [postgres, folder] = await Promise.all([startPostgres(), mkdtemp(join(tmpdir(), 'ferry hand over ü '))]);
  await postgres.query('CREATE TABLE orders AS SELECT 1 AS id');
});
afterAll(async () => {
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

type Api = 'classic' | 'session';

/** Two replicas, the first of which is stopped when a run of it comes to a moment that is waited for. */
async function replicas(api: Api) {
  const polyteia = await startPolyteiaStandIn({ api, datasets: [DATASET] });
  const documents = createMemoryDocumentStore();
  const runs = createRunStore(documents);
  const { config, secrets } = replicaSetup({ postgres, polyteia, api, job: 'archived' });
  const { syncs } = config as { syncs: Record<string, object> };
  const output = await mkdtemp(join(folder, 'output '));
  const setup = {
    config: {
      ...config,
      syncs: {
        archived: { ...syncs.archived, archive: { keep: 3 } },
        guarded: { ...syncs.archived, guards: { minRows: ROWS + 1 } },
      },
      extractions: { catalogs: { sources: ['erp'] } },
    },
    secrets,
    documents,
    workFolder: output,
  };
  let awaited: string | undefined;
  const reached = Promise.withResolvers<void>();
  const first: Replica = await startServe({
    ...setup,
    onProgress(event) {
      if (awaited === undefined || momentOf(event) !== awaited) return;
      awaited = undefined;
      reached.resolve(first.stop());
    },
  });
  const ended = (job: string, id: string, log: () => string) =>
    waitFor(
      () => `the end of run ${id}: ${log()}`,
      async () => {
        const found = await runs.getOfJob(job, id);
        return found?.endedAt === undefined ? undefined : found;
      },
      30_000,
    );
  return {
    polyteia,
    output,
    async post(path: string) {
      const answer = await fetch(`${first.api}${path}`, { method: 'POST' });
      expect(answer.status).toBe(202);
      return ((await answer.json()) as { runId: string }).runId;
    },
    end: (job: string, id: string) => ended(job, id, first.log),
    /** Waits until the first has stopped at a moment, and the second has ended the run. */
    async handOver(job: string, moment: string, begin: () => Promise<string>) {
      awaited = moment;
      const id = await begin();
      await waitFor(
        () => `"${moment}"; ${first.log()}`,
        () => (awaited === undefined ? true : undefined),
        30_000,
      );
      await reached.promise;
      const left = await runs.getOfJob(job, id);
      // The last step may be done before it can be stopped.
      if (!/latest|verify/.test(moment)) expect(['queued', 'ingesting']).toContain(left?.state);
      await using second = await startServe(setup);
      const record = await ended(job, id, second.log);
      expect(record.attempts?.filter(({ lostIn }) => lostIn !== undefined)).toEqual([]);
      await waitFor(
        'the lease to be free',
        async () => ((await runs.readHolder(job)) ? undefined : true),
        10_000,
      );
      return record;
    },
    async [Symbol.asyncDispose]() {
      await first.stop();
      await polyteia.stop();
    },
  };
}

// Both kinds send a file in the same way, so the moments are shared out between them.
const MOMENTS: readonly (readonly ['accept' | 'resend', string, Api])[] = [
  ['accept', 'started check target', 'classic'],
  ['accept', 'moved upload', 'classic'],
  ['accept', 'started ingest', 'session'],
  ['resend', 'started upload', 'classic'],
  ['resend', 'started verify', 'classic'],
  ['resend', 'moved upload', 'session'],
];
const EARLIER = {
  accept: { job: 'guarded', state: 'failed' },
  resend: { job: 'archived', state: 'succeeded' },
} as const;

describe('a file that is sent again', () => {
  it.each(MOMENTS)('with %s is handed over at "%s" (%s API)', async (action, moment, api) => {
    await using pair = await replicas(api);
    const { job, state } = EARLIER[action];
    const from = await pair.post(`/jobs/${job}/runs`);
    expect((await pair.end(job, from)).state).toBe(state);
    const earlier = pair.polyteia.datasets.get(DATASET)?.uploads ?? 0;
    const record = await pair.handOver(job, moment, () => pair.post(`/runs/${from}/${action}`));
    expect(record).toMatchObject({
      state: 'succeeded',
      outcome: 'uploaded',
      rows: ROWS,
      sentFrom: { runId: from },
    });
    const { content, uploads = 0 } = pair.polyteia.datasets.get(DATASET) ?? {};
    expect((await readParquetWithPyarrow(content?.file ?? '')).rowCount).toBe(ROWS);
    // What was sent as a whole is not sent again, unless nobody can know that it arrived.
    expect(uploads - earlier).toBeLessThanOrEqual(moment.endsWith('upload') ? 2 : 1);
    pair.polyteia.assertNoViolations();
  });
});

describe('an extraction', () => {
  it.each([
    'started prepare',
    'started erp/postgres',
    'started publish',
    'started manifest',
    'started latest',
  ])('is handed over at "%s", and written as a whole', async (moment) => {
    await using pair = await replicas('classic');
    const record = await pair.handOver('catalogs', moment, () => pair.post('/jobs/catalogs/runs'));
    expect(record).toMatchObject({ state: 'succeeded', outcome: 'extracted' });
    const names = await readdir(pair.output, { recursive: true });
    const path = dirname(join(pair.output, names.find((name) => name.endsWith('latest.json')) ?? ''));
    const latest = JSON.parse(await readFile(join(path, 'latest.json'), 'utf8')) as { runId: string };
    expect(latest.runId).toBe(record.id);
    await assertOutput(join(path, record.id));
  });
});
