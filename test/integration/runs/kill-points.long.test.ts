import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { readParquetWithPyarrow } from '../../support/readers/read-parquet.ts';
import { type SyncProcess, startSyncProcess } from '../../support/sync/start-sync-process.ts';
import { DATASET, type SyncSetup, setUpSync } from '../../support/sync/sync-setup.ts';

// What is left of a run that is killed, or stopped for two expiries, at any of its moments.

const leaseTimes = { heartbeatMs: 300, expiryMs: 1_500 };
// Each has a different size, which identifies a file, and is large enough to be uploaded in several pieces.
const ROWS = { first: 60_000, next: 50_000 };
const queryOf = (rows: number) => `SELECT i AS id, md5(i::text) AS t FROM generate_series(1, ${rows}) i`;

let setup: SyncSetup;
let polyteias: Record<'classic' | 'session', PolyteiaStandIn>;
let folder: string;
const started: SyncProcess[] = [];
beforeAll(async () => {
  setup = await setUpSync();
  const session = await startPolyteiaStandIn({ api: 'session', datasets: [DATASET] });
  polyteias = { classic: setup.polyteia, session };
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry kill points ü '));
});
afterEach(async () => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});
afterAll(async () => {
  await polyteias?.session.stop();
  await setup[Symbol.asyncDispose]();
});

type Api = 'classic' | 'session';
const target = {
  classic: {},
  session: { api: 'session', organization: 'stadt-test', ingest: { pollInterval: '1s' } },
};

function start(
  api: Api,
  rows: number,
  rest: Pick<Parameters<typeof startSyncProcess>[0], 'runId' | 'endAt'>,
) {
  const { postgres } = setup;
  const run = startSyncProcess({
    postgres,
    polyteia: polyteias[api],
    query: queryOf(rows),
    folder,
    leaseTimes,
    target: target[api],
    ...rest,
  });
  started.push(run);
  return run;
}

/** The uploads that Polyteia has taken. */
const uploads = (api: Api) =>
  polyteias[api].calls.filter(({ on, status = 0 }) => on === 'upload' && status >= 200 && status < 300)
    .length;
const leftovers = () => readdir(join(folder, 'work')).catch(() => []);
const store = () => createRunStore(createFolderDocumentStore(join(folder, 'state')));

/** The whole file that the dataset holds, as its number of rows: a half one could not be read. */
async function rowsHeld(api: Api): Promise<number> {
  const { content } = polyteias[api].datasets.get(DATASET) ?? {};
  const path = content?.file ?? '';
  expect((await readFile(path)).byteLength).toBe(content?.size);
  return (await readParquetWithPyarrow(path)).rowCount;
}

// How many files of the first run Polyteia takes; undefined: it depends on how far a broken-off transfer came.
const MOMENTS: ReadonlyArray<readonly [string, Api, number | undefined]> = [
  // Before the first record of the run.
  ['leased', 'classic', 0],
  ['looked', 'classic', 0],
  ['started check target', 'classic', 0],
  ['started connect', 'classic', 0],
  ['started describe', 'classic', 0],
  ['started export', 'classic', 0],
  ['ended export', 'classic', 0],
  ['started guards', 'classic', 0],
  ['started upload', 'classic', 0],
  ['moved upload', 'classic', undefined],
  ['ended upload', 'classic', 1],
  ['started verify', 'classic', 1],
  // Between the upload and its record.
  ['ended verify', 'classic', 1],
  ['moved upload', 'session', undefined],
  ['started ingest', 'session', 1],
  ['ended ingest', 'session', 1],
];

// By then it is written down that Polyteia has the file: the next delivery sends nothing again.
const KNOWN = ['started verify', 'ended verify', 'started ingest', 'ended ingest'];

describe.each(MOMENTS)('at "%s" (%s API)', (moment, api, firstUploads) => {
  const known = KNOWN.includes(moment);
  it.each(['SIGKILL', 'SIGSTOP'] as const)('%s breaks nothing', async (signal) => {
    const runId = newRunId();
    const before = uploads(api);
    const first = start(api, ROWS.first, { runId, endAt: { moment, signal } });
    await first.reach(moment);
    if (signal === 'SIGKILL') expect(await first.ended()).toBe('SIGKILL');

    // The next delivery waits until the first is known to be dead: it would be skipped, or a duplicate, if the lease were stuck.
    const next = start(api, ROWS.next, { runId });
    const taken = await next.record();
    const rows = known ? ROWS.first : ROWS.next;
    expect(taken).toMatchObject({ id: runId, state: 'succeeded', outcome: 'uploaded', rows });
    expect([first.term(), next.term()]).toEqual([1, 2]);
    expect(await rowsHeld(api)).toBe(rows);

    if (signal === 'SIGSTOP') {
      first.child.kill('SIGCONT');
      const woken = await first.record();
      // Who looks again after having got the lease finds the run finished.
      if (moment === 'leased') expect(woken).toEqual(taken);
      else expect(woken).toMatchObject({ state: 'failed', error: { class: 'LeaseLostError' } });
      // Its transfer goes on, and its last bytes are not sent.
      expect(await rowsHeld(api)).toBe(rows);
    }
    // Anyone who takes over from an upload sends twice where Polyteia does not tell what stands there.
    const twice = moment === 'moved upload' && api === 'session' ? 1 : 0;
    const own = uploads(api) - before - (known ? 0 : 1) - twice;
    if (firstUploads === undefined) expect([0, 1]).toContain(own);
    else expect(own).toBe(firstUploads);
    expect(await store().get(runId)).toEqual(taken);
    expect(await store().readBaseline('orders')).toMatchObject({ runId, rows });
    expect(await leftovers()).toEqual([]);
    // A transfer that broke off is all that Polyteia may complain of.
    expect(
      polyteias[api].violations.filter((violation) => !/aborted|Unexpected end/.test(violation)),
    ).toEqual([]);
  });
});
