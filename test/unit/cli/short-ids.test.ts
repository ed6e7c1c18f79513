import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { runningRecord } from '../../support/api.ts';
import { runFerry } from '../../support/cli/ferry-command.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry ids ü '));
  const store = createRunStore(createFolderDocumentStore(join(folder, '.ferry')));
  for (const id of ['019aa401-7c1e-7000-8000-000000000001', '019aa401-7c1f-7000-8000-000000000002'])
    await store.save({ ...runningRecord(), id });
});
afterAll(() => rm(folder, { recursive: true }));

const cancel = (id: string) => runFerry(['cancel', id], { folder });

it('the beginning of an id is enough', async () => {
  const { stdout, exitCode } = await cancel('019aa401-7c1f');
  expect(stdout).toContain('run 019aa401-7c1f-7000-8000-000000000002');
  expect(exitCode).toBe(0);
});

it.each([
  ['019aa401-7c1', '019aa401-7c1 is the beginning of 2 runs.\n  → Give more of it: 019aa401-7c1f'],
  ['019bb', 'There is no run "019bb".'],
  ['019', 'There is no run "019".'],
])('unless it is that of several, of none, or too short: %s', async (id, message) => {
  const { stderr, exitCode } = await cancel(id);
  expect(stderr).toContain(message);
  expect(exitCode).toBe(2);
});
