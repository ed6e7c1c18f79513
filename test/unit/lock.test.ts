import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from '../../shared/lock.mjs';

let folder: string;
let lock: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-lock-'));
  lock = join(folder, 'some thing.lock');
});
afterEach(() => rm(folder, { recursive: true }));

async function leaveLock(holder: string): Promise<void> {
  await mkdir(lock);
  await writeFile(join(lock, 'pid'), holder);
}

/** Takes the lock several times at once; returns how many held it at the same time, at most. */
async function contend(): Promise<number> {
  let inside = 0;
  let most = 0;
  const visit = () =>
    withLock(lock, async () => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(1);
      inside -= 1;
    });
  await Promise.all(Array.from({ length: 5 }, visit));
  return most;
}

describe('a lock between processes', () => {
  it.each([
    ['of a process that is gone', '999999999 1 another-boot'],
    ['whose process id another process has by now', `${process.pid} 1 `],
    ['in an earlier form', `${process.pid}`],
    ['that says nothing', ''],
  ])('%s is taken over by one at a time', async (_, holder) => {
    await leaveLock(holder);
    expect(await contend()).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken over when the takeover itself was interrupted', async () => {
    await leaveLock('999999999 1 another-boot');
    await mkdir(`${lock}.takeover`);
    await writeFile(join(`${lock}.takeover`, 'pid'), '999999998 1 another-boot');
    expect(await contend()).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is released when the action fails, and reports once that somebody waits for it', async () => {
    const waits: string[] = [];
    const failing = withLock(lock, async () => {
      await sleep(150);
      throw new Error('no');
    });
    const waiting = withLock(lock, () => 'done', { onWait: () => waits.push('waits') });
    await expect(failing).rejects.toThrow('no');
    expect(await waiting).toBe('done');
    expect(waits).toEqual(['waits']);
  });
});
