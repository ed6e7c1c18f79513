import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWorkspace } from '../../../shared/runs/workspace.ts';

const MODULE = new URL('../../../shared/runs/workspace.ts', import.meta.url).href;
// Like a container, with its own process numbers.
const CONTAINER = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--mount-proc'];
const hasContainers = spawnSync('unshare', [...CONTAINER.slice(1), 'true']).status === 0;

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'ferry work ü '));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

/** Makes the folder of another process, last written to so long ago. */
async function leave(name: string, minutes: number, file = '.ferry-alive'): Promise<string> {
  const folder = join(parent, name);
  await mkdir(folder);
  await writeFile(join(folder, file), '.');
  const at = new Date(Date.now() - minutes * 60_000);
  await utimes(join(folder, file), at, at);
  await utimes(folder, at, at);
  return name;
}
const others = async (own: string) => (await readdir(parent)).filter((name) => name !== basename(own)).sort();

/** Makes a working folder in a process that stays. */
async function holdFolder(
  command: readonly string[],
): Promise<{ folder: string; kill: () => Promise<void> }> {
  const script = `import { createWorkspace } from ${JSON.stringify(MODULE)};
    console.log((await createWorkspace(${JSON.stringify(parent)})).folder); setInterval(() => {}, 1000);`;
  const [program = '', ...args] = [...command, process.execPath, '--input-type=module', '-e', script];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const folder = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (text: Buffer) => resolve(text.toString().trim()));
    child.once('exit', () => reject(new Error('The process ended without a folder.')));
  });
  const kill = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await ended;
  };
  return { folder, kill };
}

describe('a working folder', () => {
  it.skipIf(!hasContainers)('of a container is left alone by one with other process numbers', async () => {
    const [first, second] = [await holdFolder(CONTAINER), await holdFolder(CONTAINER)];
    try {
      await using here = await createWorkspace(parent);
      expect(await others(here.folder)).toEqual(
        [first.folder, second.folder].map((path) => basename(path)).sort(),
      );
    } finally {
      await Promise.all([first.kill(), second.kill()]);
    }
    // They are gone: how should this one know? By the time that nobody has shown to live.
    await using soon = await createWorkspace(parent);
    expect(await others(soon.folder)).toHaveLength(2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await using later = await createWorkspace(parent, { touchMs: 10, staleMs: 5 });
    expect(await others(later.folder)).not.toContain(basename(first.folder));
  });

  it('of a process on this machine is removed as soon as that was killed', async () => {
    const { folder, kill } = await holdFolder([]);
    {
      await using meanwhile = await createWorkspace(parent);
      expect(await others(meanwhile.folder)).toEqual([basename(folder)]);
    }
    await kill();
    await using here = await createWorkspace(parent);
    expect(await others(here.folder)).toEqual([]);
  });

  it.each([
    ['another container, a minute ago', 'ferry-run-ns0123456789ab-1-1764000000000-aaaaaa', 1, true],
    ['another container, an hour ago', 'ferry-run-ns0123456789ab-1-1764000000000-aaaaaa', 60, false],
    ['the release before, a minute ago', 'ferry-run-1-1764000000000-aaaaaa', 1, true],
    ['the release before, an hour ago', 'ferry-run-1-1764000000000-aaaaaa', 60, false],
    ['somebody else', 'ferry-notes', 60, true],
    ['somebody who calls it nearly so', 'ferry-run-ns01-1-1-a', 60, true],
  ])(
    'of %s, which was written to: whether it stays depends on that alone',
    async (_, name, minutes, stays) => {
      await leave(name, minutes);
      await using here = await createWorkspace(parent);
      expect(await others(here.folder)).toEqual(stays ? [name] : []);
    },
  );

  it('of the previous release stays while its result grows, although nothing is added to it', async () => {
    const name = await leave('ferry-run-1-1764000000000-aaaaaa', 60, 'result.parquet');
    await writeFile(join(parent, name, 'result.parquet'), 'more');
    await utimes(join(parent, name), 1, 1);
    await using here = await createWorkspace(parent);
    expect(await others(here.folder)).toEqual([name]);
  });

  it('shows repeatedly that it is in use, until it is removed', async () => {
    const first = await createWorkspace(parent, { touchMs: 5, staleMs: 1_000 });
    const past = new Date(Date.now() - 3_600_000);
    await utimes(join(first.folder, '.ferry-alive'), past, past);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await using second = await createWorkspace(parent);
    expect(await others(second.folder)).toEqual([basename(first.folder)]);
    await first[Symbol.asyncDispose]();
    expect(await others(second.folder)).toEqual([]);
  });
});
