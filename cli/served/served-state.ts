import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { ConfigError } from '../../shared/errors.ts';
import { explainFileError } from '../../shared/explain-file-error.ts';
import { makeFolder } from '../../shared/make-folder.ts';
import { STATE_MARK } from '../../shared/runs/documents/folder-document-store.ts';
import { probeConditionalWrites } from '../../shared/runs/documents/probe-conditional-writes.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { CliContext } from '../cli-context.ts';
import { openState, type State } from '../local/open-state.ts';
import { isBucketAddress, ownFolderName, STATE_FOLDER } from '../state-folder.ts';

// https://man7.org/linux/man-pages/man2/statfs.2.html: OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC
const PASSING_FILE_SYSTEMS = new Set([0x794c7630, 0x01021994]);

/**
 * Opens the state, and finds out whether it can be relied on: a bucket must support conditional writes, a folder must
 * be writable.
 *
 * @param named what --state or FERRY_STATE says. @default `.ferry` in the working folder or beside the configuration, or
 *   a folder for temporary files where neither can be written
 * @param config the file of the configuration, if there is one
 * @throws ConfigError that names the mount which is missing
 */
export async function openServedState(
  named: string | undefined,
  context: CliContext,
  logger: Logger,
  config?: string,
): Promise<State> {
  await assertWritable(tmpdir(), 'The folder for temporary files', MISSING_TMP);
  if (named !== undefined && isBucketAddress(named)) {
    const state = await openState({ state: named }, context);
    await probeConditionalWrites(state.documents);
    return state;
  }
  const folder =
    named === undefined
      ? await defaultFolder(context.folder, config, logger)
      : resolve(context.folder, named);
  if (named !== undefined) await assertWritable(folder, 'The state folder', MISSING_STATE);
  if (await isPassing(folder))
    logger.warn(
      `state is in ${folder}, a place for temporary files: when it is emptied, as at the end of a container, guards and --catch-up begin again. Keep it elsewhere, or on a volume (--state, FERRY_STATE), or in S3`,
    );
  logger.info(`state: ${folder}`);
  const state = await openState({ state: folder }, context);
  await assertHardLinks(folder, state.documents);
  return state;
}

/**
 * A lease in a folder is a hard link: SMB shares, FAT and some shared folders of virtual machines have none.
 *
 * @throws ConfigError where there are none
 */
export async function assertHardLinks(folder: string, documents: State['documents']): Promise<void> {
  try {
    await probeConditionalWrites(documents);
  } catch (error) {
    const { code = '' } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
    throw new ConfigError(`The state folder ${folder} is on a file system without hard links.`, {
      cause: error,
      hint: 'Without them two processes could run one job at once. Keep the state on another volume, or in S3 (FERRY_STATE).',
    });
  }
}

const MISSING_TMP =
  'Mount a writable folder there: in Kubernetes an emptyDir at /tmp, in Docker --tmpfs /tmp. TMPDIR names another folder.';
const MISSING_STATE =
  'Mount a volume there (in Kubernetes a PersistentVolumeClaim, or an emptyDir for a try), make it writable for this user, or name another place with --state or FERRY_STATE.';

/**
 * `.ferry` in the working folder, where a container has its volume; else the folder of the other commands, beside the
 * configuration; where both are read-only, a folder for temporary files.
 *
 * Within it, a .env file with a name has the folder that the other commands use: several of them may lie in one folder,
 * and the job of each is called `default`.
 *
 * A `.ferry` that only holds something else, such as the demo's, is not where the state is: guards would compare with
 * nothing, although `ferry run` has a baseline beside the configuration.
 */
async function defaultFolder(working: string, config: string | undefined, logger: Logger): Promise<string> {
  const volume = resolve(working, STATE_FOLDER);
  const beside = config === undefined ? volume : resolve(working, dirname(config), STATE_FOLDER);
  const within = (place: string) => (config === undefined ? place : join(place, ownFolderName(config)));
  if (beside !== volume && !(await isPlaceOfState(volume)) && (await isWritable(within(beside))))
    return within(beside);
  if (await isWritable(within(volume))) {
    if (beside !== volume && hasState(within(beside)))
      logger.warn(
        `there are two states: this process uses ${within(volume)}, and the other commands use ${within(beside)}, beside the configuration. Guards of one do not know the results of the other. Name one of them with --state or FERRY_STATE`,
      );
    return within(volume);
  }
  // Somebody meant it to be the state: elsewhere, replicas that share it would not know of each other.
  if (await isMounted(volume)) await assertWritable(within(volume), 'The state folder', MISSING_STATE);
  return within(join(tmpdir(), 'ferry-state'));
}

const hasState = (folder: string) => existsSync(join(folder, STATE_MARK)) || existsSync(join(folder, 'jobs'));

/** Whether a folder holds a state, or was made to hold one: a volume, or the empty folder of the image. */
async function isPlaceOfState(folder: string): Promise<boolean> {
  const held = await readdir(folder).catch(() => undefined);
  if (held === undefined) return existsSync(folder);
  return held.length === 0 || hasState(folder) || (await isMounted(folder));
}

async function isMounted(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).dev !== (await stat(dirname(folder))).dev;
  } catch {
    return false;
  }
}

async function assertWritable(folder: string, what: string, hint: string): Promise<void> {
  const cause = await tryToWrite(folder);
  if (cause === undefined) return;
  throw new ConfigError(`${what} ${folder} cannot be written to${explainFileError(cause).why}.`, {
    cause,
    hint,
  });
}

const isWritable = async (folder: string) => (await tryToWrite(folder)) === undefined;

/** @returns why a file cannot be created there */
async function tryToWrite(folder: string): Promise<unknown> {
  const probe = join(folder, `ferry-${randomUUID()}.tmp`);
  try {
    await makeFolder(folder, { mode: 0o700 });
    await writeFile(probe, '');
    await rm(probe, { force: true });
    return undefined;
  } catch (error) {
    return error;
  }
}

/**
 * Whether what is written there ends with a container, as far as that can be seen: an emptyDir looks like any other
 * volume.
 */
async function isPassing(folder: string): Promise<boolean> {
  if (!relative(tmpdir(), folder).startsWith('..')) return true;
  const { type } = await statfs(folder).catch(() => ({ type: 0 }));
  return PASSING_FILE_SYSTEMS.has(type);
}
