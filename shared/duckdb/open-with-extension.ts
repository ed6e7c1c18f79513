import { stat } from 'node:fs/promises';
import type { DuckDBInstance } from '@duckdb/node-api';
import { openDuckdb } from './open-duckdb.ts';
import { quoteLiteral } from './sql-text.ts';

/** What of a file changes when it is replaced or written to. */
type FileIdentity = string;

/** The files whose signature DuckDB has checked in this process, with what they were then. */
const verified = new Map<string, FileIdentity>();

/**
 * Opens a DuckDB in memory with one extension loaded. DuckDB checks the extension's signature the first time that a process loads the
 * file, which costs it a quarter of a second each time. Later instances load the very same file, and the same code that is in memory
 * by then, without that (docs/decisions/0010-extension-signatures.md): a file that has changed since is checked again.
 *
 * @param file path of the extension
 * @param options settings of the instance; anyone who opens it locks it down before any SQL of a user's runs in it
 * @throws Error of DuckDB's when the signature is not valid or the file is no extension of this version and platform
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
    // Replaced while it was read: it is not known which of the two was checked.
    if (after !== before) throw new Error(`${file} was changed while it was loaded.`);
    verified.set(file, after);
    return instance;
  } catch (error) {
    verified.delete(file);
    instance.closeSync();
    throw error;
  }
}

/** The status change time cannot be set by a program, so a file that was written to in place is noticed too. */
async function identityOf(file: string): Promise<FileIdentity> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}
