import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
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

it.each(['gone', 'empty'])(
  'a state folder that is %s after it was used is an error, and not a new one',
  async (how) => {
    const state = join(folder, 'state');
    const documents = createFolderDocumentStore(state);
    await documents.put(KEY, '{}');
    await documents.replace('leases/orders.json', '{}', undefined);
    await rename(state, join(folder, 'unmounted'));
    if (how === 'empty') await mkdir(state);
    const gone = (doing: string) => ({
      class: 'StorageUnavailableError',
      message: `The state folder ${state} cannot be ${doing}: what was in it is gone.`,
    });
    await expect(documents.get(KEY)).rejects.toMatchObject(gone('read'));
    await expect(documents.list('jobs/', 5)).rejects.toMatchObject(gone('read'));
    await expect(documents.read('leases/orders.json')).rejects.toMatchObject(gone('read'));
    await expect(documents.put(KEY, '{}')).rejects.toMatchObject(gone('written to'));
    await expect(documents.create('runs/1.json', '{}')).rejects.toMatchObject(gone('written to'));
    await expect(documents.now()).rejects.toMatchObject(gone('written to'));
    await expect(documents.replace('leases/orders.json', '{}', '1')).rejects.toMatchObject(
      gone('written to'),
    );
    expect(await readdir(folder)).toEqual(how === 'empty' ? ['state', 'unmounted'] : ['unmounted']);
    await rm(state, { recursive: true, force: true });
    await rename(join(folder, 'unmounted'), state);
    expect(await documents.get(KEY)).toBe('{}');
  },
);

it('a folder of old files that a person removes is made again', async () => {
  const documents = createFolderDocumentStore(folder);
  await documents.put(KEY, '{}');
  await documents.put('refused/orders/1.json', '{}');
  await rm(join(folder, 'refused'), { recursive: true });
  expect(await documents.get('refused/orders/1.json')).toBeUndefined();
  expect(await documents.listWithAges('refused/orders/', 5)).toEqual([]);
  await documents.put('refused/orders/2.json', '{}');
  expect(await documents.get('refused/orders/2.json')).toBe('{}');
});
