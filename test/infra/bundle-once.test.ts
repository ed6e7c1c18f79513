import { mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleOnce } from '../../infra/code/bundle-once.ts';

let parent: string;
let projects = 0;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'ferry bundles ü '));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

/** A project of a few files, and a bundle of it that counts how often it is made. */
async function project() {
  const folder = join(parent, `${++projects}`, 'ferry');
  const write = async (name: string, text: string) => {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  };
  for (const name of ['functions/sync/handler.ts', 'shared/errors.ts', 'shared/sync/a.sql', 'infra/app.ts'])
    await write(name, name);
  for (const name of ['package.json', 'tsconfig.json']) await write(name, '{}');
  let made = 0;
  let copies = 0;
  const bundle = async (make?: (draft: string) => Promise<void>) => {
    const target = join(folder, `target ${++copies}`);
    await bundleOnce(
      'jobs',
      target,
      make ??
        (async (draft) => {
          await writeFile(join(draft, 'sync.mjs'), `bundle ${++made}`);
        }),
      folder,
    );
    return readFile(join(target, 'sync.mjs'), 'utf8');
  };
  return { folder, write, bundle };
}

it('makes a bundle once', async () => {
  const { bundle } = await project();
  expect(await bundle()).toBe('bundle 1');
  expect(await bundle()).toBe('bundle 1');
});

it.each([
  ['a module that was changed', 'shared/errors.ts', 'new'],
  ['a module that was changed and is as long as before', 'shared/errors.ts', 'SHARED/ERRORS.TS'],
  ['a new module', 'functions/api/handler.ts', 'new'],
  ['a statement in SQL', 'shared/sync/a.sql', 'SELECT 1'],
  ['how it is made', 'infra/app.ts', 'new'],
  ['its own package.json', 'package.json', '{ "type": "module" }'],
  ['what esbuild reads as well', 'tsconfig.json', '{ "extends": "x" }'],
  ['packages that npm has changed', 'node_modules/.package-lock.json', '{}'],
  ['packages of a project around it', '../node_modules/.package-lock.json', '{}'],
])('makes it again after %s', async (_what, name, text) => {
  const { write, bundle } = await project();
  await bundle();
  await write(name, text);
  expect(await bundle()).toBe('bundle 2');
  expect(await bundle()).toBe('bundle 2');
});

it('makes it again after a module was removed or renamed', async () => {
  const { folder, write, bundle } = await project();
  await bundle();
  await rm(join(folder, 'shared/sync/a.sql'));
  expect(await bundle()).toBe('bundle 2');
  await write('shared/sync/b.sql', 'shared/sync/a.sql');
  expect(await bundle()).toBe('bundle 3');
});

it('does not make it again for files that were only touched, as by a checkout', async () => {
  const { folder, bundle } = await project();
  await bundle();
  await utimes(join(folder, 'shared/errors.ts'), 1, 1);
  expect(await bundle()).toBe('bundle 1');
});

it('does not mind a link to nothing, as Emacs makes one beside a file that is being edited', async () => {
  const { folder, bundle } = await project();
  await symlink('somebody@host.4711:1', join(folder, 'shared/.#errors.ts'));
  expect(await bundle()).toBe('bundle 1');
});

it('makes it again after it was removed by hand', async () => {
  const { folder, bundle } = await project();
  await bundle();
  await rm(join(folder, '.cache/bundles/jobs'), { recursive: true });
  expect(await bundle()).toBe('bundle 2');
});

it('keeps nothing of a bundle that could not be made', async () => {
  const { bundle } = await project();
  const failed = bundle(async (draft) => {
    await writeFile(join(draft, 'sync.mjs'), 'half a bun');
    throw new Error('The disk is full.');
  });
  await expect(failed).rejects.toThrow('The disk is full.');
  expect(await bundle()).toBe('bundle 1');
});
