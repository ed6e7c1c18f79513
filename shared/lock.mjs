// Plain JavaScript, because bootstrap.mjs takes a lock before anything is installed.
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// Changes with each start of the machine. Only Linux has it.
const boot = read('/proc/sys/kernel/random/boot_id')?.trim() ?? '';

/**
 * Runs `action` while no other process does so under the same lock. A process that was killed leaves its lock behind,
 * and the next one takes it over.
 *
 * @template T
 * @param {string} lock a folder that exists as long as the lock is held
 * @param {() => T | Promise<T>} action
 * @param {{ onWait?: () => void }} [options] `onWait` is called once if another process holds the lock
 * @returns {Promise<T>}
 */
export async function withLock(lock, action, { onWait } = {}) {
  mkdirSync(dirname(lock), { recursive: true });
  for (let isFirst = true; !take(lock); isFirst = false) {
    if (isAbandoned(lock)) {
      takeOver(lock);
      continue;
    }
    if (isFirst) onWait?.();
    await sleep(100);
  }
  try {
    return await action();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** The folder appears together with its holder's name: renaming onto a folder that is not empty fails. */
function take(lock) {
  const draft = mkdtempSync(`${lock}-`);
  try {
    writeFileSync(join(draft, 'pid'), [process.pid, startOf(process.pid), boot].join(' '));
    renameSync(draft, lock);
    return true;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Under a separate lock: of two that find an abandoned lock, the second would remove the one that the first has just
 * taken.
 */
function takeOver(lock) {
  const right = `${lock}.takeover`;
  if (!take(right)) {
    // Held only for the few lines below.
    if (isAbandoned(right)) rmSync(right, { recursive: true, force: true });
    return;
  }
  try {
    if (isAbandoned(lock)) rmSync(lock, { recursive: true, force: true });
  } finally {
    rmSync(right, { recursive: true, force: true });
  }
}

function isAbandoned(lock) {
  const holder = read(join(lock, 'pid'));
  // Released in the meantime.
  if (holder === undefined) return false;
  const [pid, start, holdersBoot] = holder.split(' ');
  // Process ids are reused; the start time tells two processes apart.
  return !isAlive(Number(pid)) || holdersBoot !== boot || (startOf(pid) ?? start) !== start;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** When a process began, counted from the start of the machine. Empty without /proc. */
function startOf(pid) {
  if (boot === '') return '';
  // The second field is a name in parentheses, which may contain anything; the start is the twenty-second.
  return read(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ')[19];
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
