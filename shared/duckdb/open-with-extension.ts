import { stat } from 'node:fs/promises';
import type { DuckDBInstance } from '@duckdb/node-api';
import { hashOfFile, signedExtensions } from './extension-hashes.ts';
import { openDuckdb } from './open-duckdb.ts';
import { quoteLiteral } from './sql-text.ts';

/** The properties of a file that change when it is replaced or written to. */
type FileIdentity = string;

/** The files that this process knows, with their properties when it got to know them. */
const verified = new Map<string, FileIdentity>();
/** The files that are being checked: whoever needs one meanwhile waits for that check instead of repeating it. */
const checking = new Map<string, Promise<unknown>>();

/** It was replaced while it was read, so nobody knows which of the two was checked. */
class ChangedFileError extends Error {}

/** Another hard link is a change, too, such as one of a backup. */
const MAX_TRIES = 3;

/**
 * Opens a DuckDB in memory with one extension loaded. The first time that a process loads the file, it is compared with
 * the files that Ferry knows, which takes 50 ms; DuckDB checks the signature of any other, which takes a quarter of a
 * second. Later instances load the same file, whose code is in memory by then, without either
 * (docs/decisions/0010-extension-signatures.md). A file that has changed since, or changes meanwhile, is checked again.
 *
 * @param file path of the extension
 * @param options settings of the instance; the caller locks it down before it runs any SQL of a user
 * @param known SHA-256 of the files that need no check
 * @throws DuckDB's error when the signature is not valid, or the file is not an extension for this version and platform
 */
export async function openWithExtension(
  file: string,
  options: Readonly<Record<string, string>>,
  known: ReadonlySet<string> = signedExtensions,
): Promise<DuckDBInstance> {
  for (let left = MAX_TRIES - 1; ; left -= 1) {
    try {
      return await openOnce(file, options, known);
    } catch (error) {
      if (!(error instanceof ChangedFileError) || left === 0) throw error;
    }
  }
}

async function openOnce(
  file: string,
  options: Readonly<Record<string, string>>,
  known: ReadonlySet<string>,
): Promise<DuckDBInstance> {
  while (checking.has(file)) await checking.get(file);
  const before = verified.get(file);
  if (before !== undefined && before === (await identityOf(file)))
    return load(file, before, await openDuckdb({ ...options, ...UNCHECKED }));
  const opening = checkAndLoad(file, options, known);
  const ended = opening.then(
    () => {},
    () => {},
  );
  checking.set(file, ended);
  void ended.then(() => checking.get(file) === ended && checking.delete(file));
  return opening;
}

async function checkAndLoad(
  file: string,
  options: Readonly<Record<string, string>>,
  known: ReadonlySet<string>,
): Promise<DuckDBInstance> {
  const before = await identityOf(file);
  // DuckDB starts in another thread meanwhile. It loads nothing before the hash is known.
  const starting = openDuckdb({ ...options, ...UNCHECKED });
  const [hash, started] = await Promise.allSettled([hashOfFile(file), starting]);
  if (hash.status === 'fulfilled' && known.has(hash.value)) return load(file, before, await starting);
  if (started.status === 'fulfilled') started.value.closeSync();
  if (hash.status === 'rejected') throw hash.reason;
  return load(file, before, await openDuckdb(options));
}

const UNCHECKED = { allow_unsigned_extensions: 'true' };

async function load(file: string, before: FileIdentity, instance: DuckDBInstance): Promise<DuckDBInstance> {
  try {
    const connection = await instance.connect();
    try {
      await connection.run(`LOAD ${quoteLiteral(file)}`);
    } finally {
      connection.closeSync();
    }
    const after = await identityOf(file);
    if (after !== before) throw new ChangedFileError(`${file} was changed while it was loaded.`);
    verified.set(file, after);
    return instance;
  } catch (error) {
    verified.delete(file);
    instance.closeSync();
    throw error;
  }
}

/** No program can set the time of the status change, so this also notices a file that was written to in place. */
async function identityOf(file: string): Promise<FileIdentity> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}
