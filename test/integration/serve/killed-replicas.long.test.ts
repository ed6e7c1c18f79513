import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../../shared/runs/records/run-record.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { type MiniStack, startMiniStack } from '../../support/aws/mini-stack.ts';
import { createBucket } from '../../support/aws/mini-stack-bucket.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { readParquetWithPyarrow } from '../../support/readers/read-parquet.ts';
import {
  type DoomedReplicaInput,
  openDocuments,
  type StatePlace,
} from '../../support/serve/doomed-replica.ts';
import { ROWS, replicaSetup } from '../../support/serve/replica-setup.ts';
import { startServe } from '../../support/serve/start-serve.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

// Two replicas on one state: one is killed in the middle of a run, the other takes the run over.

const SCRIPT = fileURLToPath(new URL('../../support/serve/doomed-replica.ts', import.meta.url));

let postgres: PostgresServer;
let aws: MiniStack;
let folder: string;
beforeAll(async () => {
  [postgres, aws, folder] = await Promise.all([
    startPostgres(),
    startMiniStack(),
    mkdtemp(join(tmpdir(), 'ferry killed ü ')),
  ]);
  await createBucket(aws, 'ferry-state');
}, 120_000);
afterAll(async () => {
  await Promise.all([postgres?.stop(), aws?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

type Api = 'classic' | 'session';
const MOMENTS: readonly (readonly [string, Api])[] = [
  ['started check target', 'classic'],
  ['started connect', 'classic'],
  ['started export', 'classic'],
  ['started upload', 'classic'],
  ['moved upload', 'classic'],
  ['started verify', 'classic'],
  ['moved upload', 'session'],
  ['started ingest', 'session'],
];

async function startDoomed(input: DoomedReplicaInput): Promise<{ api: string; killed: Promise<unknown> }> {
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(input)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const killed = once(child, 'exit');
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  const [, api = ''] = /^api (.*)$/m.exec(String(text)) ?? [];
  return { api, killed };
}

// Who may write is decided by the store, what becomes of an upload is not: of the bucket a few moments are enough.
const CASES = {
  folder: MOMENTS,
  bucket: MOMENTS.filter(([moment]) => /connect|moved upload|verify/.test(moment)),
};

describe.each(['folder', 'bucket'] as const)('two replicas on one %s', (store) => {
  it.each(CASES[store])('lose no run when one is killed at "%s" (%s API)', async (moment, api) => {
    await using polyteia = await startPolyteiaStandIn({ api, datasets: [DATASET] });
    const job = `orders-${moment.replace(' ', '-').replace(' ', '-')}-${api}`;
    const state: StatePlace =
      store === 'folder' ? { folder: join(folder, `state ${job}`) } : { bucket: 'ferry-state', aws };
    const workFolder = join(folder, 'work');
    const setup = { ...replicaSetup({ postgres, polyteia, api, job }), workFolder };
    const documents = await openDocuments(state);
    const first = await startDoomed({ ...setup, state, moment });
    await using second = await startServe({ ...setup, documents });
    const started = await fetch(`${first.api}/jobs/${job}/runs`, { method: 'POST' });
    const { runId } = (await started.json()) as { runId: string };
    expect(await first.killed).toEqual([null, 'SIGKILL']);
    const runs = createRunStore(documents);
    const record: RunRecord = await waitFor(
      () => `the end of the run; the second replica said: ${second.log()}`,
      async () => {
        const found = await runs.getOfJob(job, runId);
        return found?.endedAt === undefined ? undefined : found;
      },
      30_000,
    );
    expect(record).toMatchObject({ id: runId, state: 'succeeded', outcome: 'uploaded', rows: ROWS });
    expect(record.attempts?.length).toBeGreaterThanOrEqual(1);
    const { content, uploads } = polyteia.datasets.get(DATASET) ?? {};
    expect((await readParquetWithPyarrow(content?.file ?? '')).rowCount).toBe(ROWS);
    expect(uploads).toBeLessThanOrEqual(moment.endsWith('upload') ? 2 : 1);
    // What the killed process left behind is removed by the next run on this machine.
    expect(await readdir(workFolder)).toEqual([]);
  });
});
