import { QueryError } from '../../../errors.ts';
import type { AskSource } from '../../dialect.ts';
import { calledNames } from './sqlite-lexical.ts';

/** Functions that SQLite's own modules bring: they read what they are given. */
const harmless = new Set([
  'bm25',
  'fts5',
  'fts5_source_id',
  'highlight',
  'match',
  'matchinfo',
  'offsets',
  'optimize',
  'rtreecheck',
  'rtreedepth',
  'rtreenode',
  'snippet',
]);

/** SQLITE_DIRECTONLY: https://www.sqlite.org/c3ref/c_deterministic.html */
const DIRECT_ONLY = 0x80000;

/**
 * Refuses a query that calls what is not SQLite's own: the driver registers functions that read and write files of this
 * machine (blob_import, blob_export), and lets a query load code (load_extension). In views, SQLite itself refuses them
 * (`trusted_schema`).
 *
 * @throws QueryError that names the function
 */
export async function assertHarmlessFunctions(ask: AskSource, query: string): Promise<void> {
  const called = calledNames(query);
  const { rows } = await ask(
    `SELECT DISTINCT lower(name) AS name FROM pragma_function_list WHERE builtin = 0 OR (flags & ${DIRECT_ONLY}) <> 0`,
  );
  const found = rows.map(([name]) => String(name)).find((name) => called.has(name) && !harmless.has(name));
  if (found === undefined) return;
  throw new QueryError(`The query calls ${found}(), which is not one of SQLite's own functions.`, {
    hint: 'Ferry only allows those: others may read and write files of this machine, or load code.',
  });
}
