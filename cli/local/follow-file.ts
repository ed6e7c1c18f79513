import { readFile, stat } from 'node:fs/promises';
import { ConfigError, StorageUnavailableError } from '../../shared/errors.ts';
import { explainFileError } from '../../shared/explain-file-error.ts';
import { type Sleep, sleep as sleepByClock } from '../../shared/sleep.ts';

// A writer that does not rename its file into place leaves half of one for a moment; and the folder that a link led to,
// as Kubernetes mounts secrets, may go between two steps of opening it.
const TRIES = 3;
const WAIT_MS = 100;

/** A file that may be replaced while this process runs: a rotated secret. */
export interface FollowedFile<T> {
  /** What it contained when it was opened. */
  first: T;
  /**
   * Reads it again.
   *
   * @throws StorageUnavailableError while it is not there, or is not whole: it may be in a moment
   */
  read(): Promise<T>;
}

/**
 * Reads a file now, and again each time that it is asked for. A pipe, such as `<(sops -d …)`, can only be read once:
 * what it said stays.
 *
 * @param parse reads its text; a ConfigError says what is wrong
 * @param options.named says where its name comes from, for people: `--secrets names this file.`
 * @throws ConfigError when it cannot be read or parsed now
 */
export async function followFile<T>(
  path: string,
  parse: (text: string) => T,
  { named, sleep = sleepByClock }: { named: string; sleep?: Sleep },
): Promise<FollowedFile<T>> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ConfigError(`${path} ${whyUnread(error)}.`, { cause: error, hint: named });
  });
  const first = parse(text);
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) return { first, read: async () => first };
  return {
    first,
    async read() {
      for (let tries = 1; ; tries += 1) {
        try {
          return parse(await readFile(path, 'utf8'));
        } catch (error) {
          if (tries === TRIES) throw unreadable(path, error);
          await sleep(WAIT_MS);
        }
      }
    },
  };
}

const whyUnread = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'
    ? 'does not exist'
    : `cannot be read${explainFileError(error).why}`;

function unreadable(path: string, error: unknown): StorageUnavailableError {
  const said = error instanceof ConfigError ? error.message : `${path} ${whyUnread(error)}.`;
  return new StorageUnavailableError(said, {
    cause: error,
    hint: 'It could be read when this process began. Replace it whole: write another file, and rename that.',
  });
}
