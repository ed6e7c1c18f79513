import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createFolderDocumentStore } from '../../../../shared/runs/documents/folder-document-store.ts';

const KEY = 'jobs/orders/baseline.json';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry links ü '));
});
afterEach(() => rm(folder, { recursive: true }));

const read = () => createFolderDocumentStore(folder).get(KEY);

it('a document that is not there is absent', async () => {
  expect(await read()).toBeUndefined();
  await mkdir(join(folder, 'jobs', 'orders'), { recursive: true });
  expect(await read()).toBeUndefined();
});

it('a document behind a link is read', async () => {
  await mkdir(join(folder, 'elsewhere', 'orders'), { recursive: true });
  await symlink(join(folder, 'elsewhere'), join(folder, 'jobs'));
  expect(await read()).toBeUndefined();
  await writeFile(join(folder, 'elsewhere', 'orders', 'baseline.json'), '{}');
  expect(await read()).toBe('{}');
});

it.each(['jobs', 'jobs/orders', KEY])('a link at %s that leads nowhere is an error', async (path) => {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await symlink(join(folder, 'not-mounted'), join(folder, path));
  await expect(read()).rejects.toMatchObject({
    class: 'StorageUnavailableError',
    message: `The state folder ${folder} cannot be read: ${path} in it is a link to something that does not exist.`,
  });
});
