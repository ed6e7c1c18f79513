import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { exhaustedResource } from '../../duckdb/exhausted-resource.ts';
import { watchSize } from '../../duckdb/watch-size.ts';
import { FerryError } from '../../errors.ts';
import { joinParquet } from '../../parquet/join-parquet.ts';
import { CannotJoinError } from '../../parquet/parquet-footer.ts';
import { sleep } from '../../sleep.ts';
import type { QueryParts } from '../dialect.ts';
import type { SourceSession } from '../sessions/session.ts';
import { explainRefusal } from './convert-columns.ts';
import { assertTypes, copyStatement } from './export-parquet.ts';
import { keepSettings, readSettings } from './keep-settings.ts';
import type { RowNotes } from './note-rows.ts';
import { BUSY, isSame, type OneStream, type PartsOptions, type PartsPlan } from './plan-parts.ts';
import type { PreparedQuery } from './prepare-query.ts';
import { freeReaders, withReaders } from './reading-threads.ts';

/** Opening connections takes milliseconds, unless a pooler lets them wait for one another. */
const READY_MS = 5_000;
const SETTLE_MS = 2_000;

/** Several connections cannot read the query, and nothing has been read: one connection can. */
class OneStreamError extends Error {
  override readonly name = 'OneStreamError';
}

/** Where the rows of a query go. */
export interface ExportOptions {
  /** Name of the file in the session's output folder. */
  file: string;
  onProgress?: (bytes: number) => void;
  /** Takes the fingerprint of the rows meanwhile. */
  notes?: RowNotes | undefined;
}

/**
 * Reads a query over several connections, which see one moment of the source, into one Parquet file in the session's
 * output folder. Nothing is left of the file, or its parts, when it fails.
 *
 * @returns why one connection must read it instead: the connections do not see one moment, for example
 * @throws ExactnessError when a value cannot be written
 */
export async function exportParts(
  session: SourceSession,
  prepared: PreparedQuery,
  plan: PartsPlan,
  { file, onProgress = () => {}, notes, runsAtOnce = 1 }: ExportOptions & Pick<PartsOptions, 'runsAtOnce'>,
): Promise<{ rows: number; bytes: number } | Required<OneStream>> {
  const { parts } = session.dialect;
  if (!parts) throw new Error('This kind of source does not split queries.');
  // Another run may have begun to read since this was planned.
  if (freeReaders(runsAtOnce) < plan.relations.length) return { reason: BUSY };
  const target = join(session.outputFolder, file);
  const files = plan.relations.map((_, index) => (index === 0 ? target : `${target}.part-${index}`));
  const watch = watchSize(session.outputFolder, onProgress);
  let isDone = false;
  try {
    const rows = await withReaders(files.length, () => copyParts(session, plan, parts, files, notes));
    watch.stop();
    const joined = await joinParquet(files, session.signal);
    if (joined.rows !== rows) throw new Error(`${joined.rows} rows were joined, and ${rows} were written.`);
    await assertTypes(session, prepared, target);
    isDone = true;
    return joined;
  } catch (error) {
    session.signal?.throwIfAborted();
    if (error instanceof OneStreamError) return { reason: error.message };
    if (error instanceof CannotJoinError) return { reason: 'the files of the parts do not fit together' };
    const lacks = exhaustedIn(error);
    if (lacks !== undefined) return { reason: `there was too little ${lacks} for several connections` };
    throw explainRefusal(error, prepared) ?? error;
  } finally {
    watch.stop();
    if (!isDone) await Promise.all(files.map((each) => rm(each, { force: true })));
  }
}

/** One connection needs less memory than several, and no room for the file and a part of it at once. */
function exhaustedIn(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && /^(ENOSPC|EDQUOT|EFBIG)$/.test(String(error.code)))
    return 'disk space';
  const resource = exhaustedResource(error instanceof FerryError ? error.cause : error);
  return resource === 'disk' ? 'disk space' : resource;
}

/** @returns how many rows were written */
async function copyParts(
  session: SourceSession,
  plan: PartsPlan,
  parts: QueryParts,
  files: readonly string[],
  notes: RowNotes | undefined,
): Promise<number> {
  const stop = new AbortController();
  const { signal } = session;
  const readers = await session.openBeside(
    files.length,
    signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
  );
  try {
    await session.run('wrap', parts.poolSize(files.length)).catch((error: unknown) => {
      throw new OneStreamError('the client opens no further connections', { cause: error });
    });
    if (notes) session.define(notes.function);
    return await readTogether(readers, stop, { plan, parts, files, notes });
  } finally {
    for (const reader of readers) reader.close();
    await session.run('wrap', parts.poolSize(1)).catch(() => {});
  }
}

/** What readers read, and where to. */
interface Reading {
  plan: PartsPlan;
  parts: QueryParts;
  files: readonly string[];
  notes: RowNotes | undefined;
}

/** Runs the transactions of all readers. None reads a row before all of them see the same moment. */
async function readTogether(
  readers: readonly SourceSession[],
  stop: AbortController,
  { plan, parts, files, notes }: Reading,
): Promise<number> {
  const snapshot = Promise.withResolvers<string>();
  const go = Promise.withResolvers<void>();
  const ready = readers.map(() => Promise.withResolvers<unknown>());
  for (const promise of [snapshot.promise, go.promise, ...ready.map((each) => each.promise)])
    promise.catch(() => {});

  const read = async (reader: SourceSession, index: number): Promise<number> => {
    const relation = plan.relations[index] ?? '';
    const first = index === 0 ? undefined : parts.importSnapshot(await snapshot.promise);
    return reader.transaction(
      async () => {
        if (index === 0) snapshot.resolve(await exportSnapshot(reader, parts));
        ready[index]?.resolve(await makeReady(reader, parts, plan, relation, index === 0));
        await go.promise;
        const copy = async () => {
          const watched = notes ? notes.watch(relation) : relation;
          const copied = await reader.run('read', copyStatement(watched, files[index] ?? ''));
          return Number(copied.getRowsJS()[0]?.[0]);
        };
        return keepSettings(reader, copy);
      },
      { first },
    );
  };
  let failure: { error: unknown } | undefined;
  const reading = readers.map((reader, index) =>
    read(reader, index).catch((error: unknown) => {
      failure ??= { error };
      for (const waiting of [snapshot, go, ...ready]) waiting.reject(error);
      throw error;
    }),
  );
  const ended = Promise.allSettled(reading);
  try {
    await assertReady(ready.map(({ promise }) => promise));
  } catch (error) {
    for (const waiting of [snapshot, go]) waiting.reject(error);
    // A reader that waits for another one's connection goes on once that has ended.
    if (!(await isWithin(SETTLE_MS, ended))) stop.abort(error);
    await ended;
    if (error instanceof OneStreamError) throw error;
    throw new OneStreamError(
      error instanceof FerryError ? whyNotReady(error) : 'the source did not open several connections',
      { cause: error },
    );
  }
  go.resolve();
  const results = await Promise.all(reading).catch(async () => {
    stop.abort(new Error('Another part failed.'));
    await ended;
    throw failure?.error;
  });
  return results.reduce((sum, rows) => sum + rows, 0);
}

async function exportSnapshot(reader: SourceSession, { exportSnapshot: sql }: QueryParts): Promise<string> {
  const { rows } = await reader.askSource('wrap', sql);
  return String(rows[0]?.[0]);
}

/**
 * Locks the table, and looks at everything on which the values depend.
 *
 * @returns what must be the same for all readers
 */
async function makeReady(
  reader: SourceSession,
  { limitWaiting, proof }: QueryParts,
  plan: PartsPlan,
  relation: string,
  isFirst: boolean,
): Promise<unknown> {
  await reader.askSource('wrap', limitWaiting);
  if (!isSame(await reader.describe(`(${relation})`, 'wrap'), plan.columns))
    throw new OneStreamError('the table has changed meanwhile');
  if (isFirst && !(await plan.isUnchanged((sql) => reader.askSource('wrap', sql))))
    throw new OneStreamError('the table has changed meanwhile');
  if (!isDeepStrictEqual(await readSettings(reader), plan.settings))
    throw new OneStreamError('the connections have other settings');
  if (!reader.isProvenReadOnly) throw new OneStreamError('a connection does not confirm that it only reads');
  return (await reader.askSource('wrap', proof)).rows;
}

async function assertReady(ready: readonly Promise<unknown>[]): Promise<void> {
  const all = Promise.all(ready);
  if (!(await isWithin(READY_MS, all)))
    throw new OneStreamError(
      'the source, or a pooler in front of it, lets the connections wait for one another',
    );
  const [first, ...others] = await all;
  if (!others.every((proof) => isDeepStrictEqual(proof, first)))
    throw new OneStreamError('the connections do not see one moment of the source');
}

/** Whether a promise settles in time. Its own error is thrown. */
async function isWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const over = new AbortController();
  const late = sleep(ms, over.signal).then(
    () => false,
    () => true,
  );
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    over.abort();
  }
}

/** What hinders several connections may not hinder one, which has its own words for what does. */
function whyNotReady({ message, cause }: FerryError): string {
  const said = `${message} ${cause instanceof Error ? cause.message : ''}`;
  if (/no connections left|too many (connections|clients)|connection slots/i.test(said))
    return 'the source does not have enough connections left';
  return /lock timeout/i.test(said)
    ? 'another session waits to change the table'
    : 'the source did not open several connections that see one moment';
}
