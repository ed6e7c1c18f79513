import { stat } from 'node:fs/promises';
import type { DuckDBInstance } from '@duckdb/node-api';
import { openDuckdb } from './open-duckdb.ts';
import { quoteLiteral } from './sql-text.ts';

/** The properties of a file that change when it is replaced or written to. */
type FileIdentity = string;

/** The files whose signature DuckDB has checked in this process, with their properties at that time. */
const verified = new Map<string, FileIdentity>();

/**
 * Opens a DuckDB in memory with one extension loaded. DuckDB checks the extension's signature the first time that a
 * process loads the file, which takes a quarter of a second. Later instances load the same file, whose code is in
 * memory by then, without this check (docs/decisions/0010-extension-signatures.md). A file that has changed since is
 * checked again.
 *
 * @param file path of the extension
 * @param options settings of the instance; the caller locks it down before it runs any SQL of a user
 * @throws DuckDB's error when the signature is not valid, or the file is not an extension for this version and platform
 */
export async function openWithExtension(
  file: string,
  options: Readonly<Record<string, string>>,
): Promise<DuckDBInstance> {
  const before = await identityOf(file);
  const isKnown = verified.get(file) === before;
  const instance = await openDuckdb({
    ...options,
    allow_unsigned_extensions: String(isKnown),
  });
  try {
    const connection = await instance.connect();
    try {
      await connection.run(`LOAD ${quoteLiteral(file)}`);
    } finally {
      connection.closeSync();
    }
    const after = await identityOf(file);
    // It was replaced while it was read, so Ferry does not know which of the two DuckDB checked.
    if (after !== before) throw new Error(`${file} was changed while it was loaded.`);
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
