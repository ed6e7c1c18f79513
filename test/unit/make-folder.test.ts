import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainFileError } from '../../shared/explain-file-error.ts';
import { makeFolder } from '../../shared/make-folder.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry folder ü '));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const refusalOf = (path: string) =>
  makeFolder(path).then(
    () => undefined,
    (error: unknown) => error as NodeJS.ErrnoException,
  );

describe('a folder that is made', () => {
  it('comes with those above it, each with its mode, and may be there already', async () => {
    const deep = join(folder, 'a', 'Straße', 'c');
    await Promise.all([makeFolder(deep, { mode: 0o700 }), makeFolder(deep, { mode: 0o700 })]);
    await makeFolder(deep);
    await makeFolder('.');
    await makeFolder('/');
    for (const path of [join(folder, 'a'), deep]) expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  it('may be behind a link', async () => {
    await mkdir(join(folder, 'real'));
    await symlink(join(folder, 'real'), join(folder, 'link'));
    await makeFolder(join(folder, 'link', 'inside'));
    expect(await readdir(join(folder, 'real'))).toEqual(['inside']);
  });

  // Node's own recursive mkdir never returns for these.
  it.each(['/proc/ferry', '/proc/ferry/über/all', '/proc/self/ferry'])(
    'is refused where the kernel allows none: %s',
    async (path) => {
      expect((await refusalOf(path))?.code).toBe('ENOENT');
    },
  );

  it.each([
    ['below a file', 'file/below', 'its path leads through something that is not a folder'],
    ['in place of a file', 'file', 'a file or a broken link has its name'],
    ['in place of a broken link', 'broken', 'a file or a broken link has its name'],
    ['below a broken link', 'broken/below', 'a file or a broken link has its name'],
    ['on a link that leads to itself', 'circle/below', 'links on its path lead in a circle'],
  ])('is refused %s, with the cause', async (_where, path, why) => {
    await writeFile(join(folder, 'file'), '');
    for (const [link, target] of [
      ['broken', 'nowhere/at/all'],
      ['circle', 'circle'],
    ] as const)
      await symlink(target, join(folder, link)).catch(() => {});
    expect(explainFileError(await refusalOf(join(folder, path))).why).toBe(`: ${why}`);
  });

  it('is made by nothing else in commands and jobs', async () => {
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const files = (
      await Promise.all(
        ['cli', 'shared', 'functions'].map((part) =>
          readdir(join(root, part), { recursive: true }).then((names) =>
            names.map((name) => join(root, part, name)),
          ),
        ),
      )
    ).flat();
    const sources = files.filter((name) => name.endsWith('.ts') && !name.endsWith('/make-folder.ts'));
    const making = await Promise.all(
      sources.map(async (path) => (/\bmkdir(Sync)?\(/.test(await readFile(path, 'utf8')) ? [path] : [])),
    );
    expect(sources.length).toBeGreaterThan(300);
    expect(making.flat()).toEqual([]);
  });
});
