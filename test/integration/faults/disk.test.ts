import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { leaseTimes } from '../../../shared/runs/leases/lease.ts';
import { runRecordSchema } from '../../../shared/runs/records/run-record.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { CANARY, DATASET } from '../../support/runs/fault-bench.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';
import type { SyncProcessInput } from '../../support/sync/sync-process.ts';

const SCRIPT = fileURLToPath(new URL('../../support/sync/sync-process.ts', import.meta.url));
const before = Buffer.from('what the dataset holds');

let postgres: PostgresServer;
let polyteia: PolyteiaStandIn;
let folder: string;
beforeAll(async () => {
  [postgres, polyteia] = await Promise.all([
    startPostgres(),
    startPolyteiaStandIn({ datasets: [{ id: DATASET, content: before }] }),
  ]);
  folder = await mkdtemp(join(tmpdir(), 'ferry disk ü '));
  await postgres.query(
    `CREATE TABLE orders AS SELECT i AS id, '${CANARY} ' || md5(i::text) AS note FROM generate_series(1, 100000) i`,
  );
});
afterAll(async () => {
  await Promise.all([postgres.stop(), polyteia.stop()]);
  await rm(folder, { recursive: true, force: true });
});

// A limit on the size of files stands in for a small disk: it needs no mount, and holds for root too.
it('a disk that fills up while the source is read: failed, the dataset as it was, nothing left', async () => {
  const stateFolder = join(folder, 'state');
  const workFolder = join(folder, 'work');
  const input: SyncProcessInput = {
    config: {
      version: 1,
      sources: { erp: sourceConfig(postgres, 'erp') },
      polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
      syncs: { orders: { source: 'erp', dataset: DATASET, query: 'SELECT * FROM orders' } },
    },
    job: 'orders',
    secrets: {
      erp: JSON.stringify({ username: postgres.user, password: postgres.password }),
      polyteia: polyteia.personalAccessKey,
    },
    stateFolder,
    workFolder,
    leaseTimes,
    maxTries: 2,
  };
  // 1 MB at the most, in blocks of 512 bytes or, for some shells, of 1 KB; the result has more than 2 MB.
  const { stdout, stderr } = await promisify(execFile)('/bin/sh', [
    '-c',
    'ulimit -f 1000; exec "$0" "$@"',
    process.execPath,
    SCRIPT,
    JSON.stringify(input),
  ]);
  const line = /^record (.*)$/m.exec(stdout)?.[1];
  const record = runRecordSchema.parse(JSON.parse(line ?? ''));
  expect(record).toMatchObject({
    state: 'failed',
    error: { class: 'StorageUnavailableError', phase: 'export', message: 'The working disk is full.' },
  });
  expect(record.phases.filter(({ name }) => name === 'describe')).toHaveLength(2);
  expect(await createRunStore(createFolderDocumentStore(stateFolder)).get(record.id)).toEqual(record);
  expect(await readdir(workFolder)).toEqual([]);
  expect(stdout + stderr).not.toContain(CANARY);
  expect(polyteia.calls.map(({ on }) => on)).toEqual(['get_dataset']);
  expect(await readFile(polyteia.datasets.get(DATASET)?.content?.file ?? '')).toEqual(before);
});

it('a disk that is full: the state folder can be read, and is not ready', async () => {
  const state = join(folder, 'full');
  const stores = new URL('../../../shared/runs/', import.meta.url);
  const script = `
    const { createFolderDocumentStore } = await import('${stores}documents/folder-document-store.ts');
    const { createRunStore } = await import('${stores}records/run-store.ts');
    const runs = createRunStore(createFolderDocumentStore(process.argv[1]));
    console.log(JSON.stringify(await runs.list({ limit: 1 })));
    await runs.assertReachable().catch((error) => console.log(error.constructor.name, error.message));`;
  await createRunStore(createFolderDocumentStore(state)).assertReachable();
  const { stdout } = await promisify(execFile)('/bin/sh', [
    '-c',
    'ulimit -f 0; exec "$0" "$@"',
    process.execPath,
    '--input-type=module',
    '--eval',
    script,
    state,
  ]);
  expect(stdout.split('\n')).toEqual([
    '[]',
    expect.stringMatching(/^StorageUnavailableError The state folder .*full cannot be written to/),
    '',
  ]);
  expect(await readdir(state)).toEqual(['.gitignore']);
});
