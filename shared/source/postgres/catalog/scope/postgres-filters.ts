import { ConfigError, type FerryError, PatternError, QueryError } from '../../../../errors.ts';
import {
  ANYTHING,
  type CatalogFilters,
  entriesOf,
  type FilterEntry,
  placedPatterns,
} from '../../../catalog/filters.ts';
import type { AskSource } from '../../../dialect.ts';

const LANGUAGE = 'Postgres regular expression';

/**
 * Text for Postgres' SQL, whatever standard_conforming_strings and backslash_quote are set to.
 *
 * @throws ConfigError for text with a NUL, which would end the statement
 */
export function quoteText(text: string): string {
  if (text.includes('\0'))
    throw new ConfigError('A filter contains a NUL character, which no name contains.');
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/**
 * A regular expression for Postgres that matches what the given one does, but only whole texts. Not for the options b,
 * e and q, which switch to another language for the rest: the configuration refuses them.
 * https://www.postgresql.org/docs/current/functions-matching.html#POSIX-METASYNTAX
 */
export function matchWhole(pattern: string): string {
  if (pattern === ANYTHING) return '';
  const literal = /^\*\*\*=(.*)$/s.exec(pattern)?.[1];
  if (literal !== undefined) return `\\A${literal.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}\\Z`;
  const [, options = '', rest = ''] = /^(?:\*\*\*:)?(\(\?[a-z]+\))?(.*)$/s.exec(pattern) ?? [];
  // In expanded syntax a comment runs to the end of its line, and would include the bracket.
  const end = options.lastIndexOf('x') > options.lastIndexOf('t') ? '\n' : '';
  // \A and \Z, because some options make ^ and $ match at the ends of lines too.
  return `${options}\\A(?:${rest}${end})\\Z`;
}

/**
 * As text, a name compares by the rules of its database; as a name by those of C, which do not know umlauts as letters.
 */
const asText = (name: string) => `${name}::text COLLATE pg_catalog."default"`;

/** SQL condition: a name as a whole matches a pattern. */
function nameMatches(name: string, patterns: readonly string[]): string {
  return `${asText(name)} ~ ANY (ARRAY[${patterns.map((pattern) => quoteText(matchWhole(pattern))).join(', ')}])`;
}

function anyEntryMatches(entries: readonly FilterEntry[], database: string, schema: string): string {
  const conditions = entries.map(
    ({ database: pattern, schemas }) =>
      `(${nameMatches(database, [pattern])}${schemas.length === 0 ? '' : ` AND ${nameMatches(schema, schemas)}`})`,
  );
  return `(${conditions.join(' OR ')})`;
}

/**
 * SQL of a SELECT for the schemas in scope in the connected database, as columns `oid` and `name`: none of the
 * system's, and only what the filters leave.
 *
 * @param databaseName of the connected database, if known
 */
export function schemasInScope(filters: CatalogFilters, databaseName?: string): string {
  const [include, exclude] = [entriesOf(filters.include), entriesOf(filters.exclude)];
  const database = connectedDatabase(databaseName);
  return [
    'SELECT n.oid, n.nspname AS name FROM pg_catalog.pg_namespace AS n',
    "WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
    ...(include.length === 0 ? [] : [`AND ${anyEntryMatches(include, database, 'n.nspname')}`]),
    ...(exclude.length === 0 ? [] : [`AND NOT ${anyEntryMatches(exclude, database, 'n.nspname')}`]),
  ].join('\n');
}

/**
 * SQL for the name of the connected database. The server may have its letters beyond ASCII in another encoding than the
 * database's (postgres-shared-texts.ts), and misread them; a percent sign may stand for a byte.
 */
export const connectedDatabase = (name: string | undefined) =>
  name === undefined || /^[ -$&-~]*$/.test(name)
    ? 'pg_catalog.current_database()'
    : `(${quoteText(name)}::text)`;

/** SQL condition: the filters leave, or may leave, something of a database. */
export function databaseInScope(filters: CatalogFilters, name: string): string {
  const included = entriesOf(filters.include).map(({ database }) => database);
  const excluded = entriesOf(filters.exclude).flatMap(({ database, schemas }) =>
    schemas.length === 0 ? [database] : [],
  );
  const conditions = [
    ...(included.length === 0 ? [] : [nameMatches(name, included)]),
    ...(excluded.length === 0 ? [] : [`NOT (${nameMatches(name, excluded)})`]),
  ];
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}

/** SQL condition on the name of a relation, such as `c.relname`: tempTableRegex does not leave it out. */
export function relationInScope({ tempTableRegex }: CatalogFilters, name: string): string {
  return tempTableRegex === '' ? 'true' : `${asText(name)} !~ ${quoteText(tempTableRegex)}`;
}

/**
 * SQL that fails when one of the patterns is not a valid regular expression: each is compiled, whether or not it
 * matches.
 */
const readPatterns = (patterns: readonly string[]) =>
  `SELECT count(*)::int4 AS n FROM unnest(ARRAY[${patterns.map(quoteText).join(', ')}]) AS p WHERE '' ~ p`;

/**
 * Checks every pattern at the source, with one statement if all are right. Outside a transaction, because a transaction
 * does not continue after an error.
 *
 * @throws ConfigError that names the field, the database and the pattern, and what the server says is wrong
 */
export async function assertPatterns(ask: AskSource, filters: CatalogFilters): Promise<void> {
  const placed = placedPatterns(filters);
  if (placed.length === 0) return;
  const refusal = await refusalOf(
    ask,
    placed.map(({ pattern }) => pattern),
  );
  if (refusal === undefined) return;
  // First a valid one: if the server refuses that too, the patterns are not the problem.
  if ((await refusalOf(ask, ['a'])) !== undefined) throw refusal;
  for (const { pattern, field, place } of placed) {
    const cause = await refusalOf(ask, [pattern]);
    if (cause === undefined) continue;
    throw new PatternError(
      { field, language: LANGUAGE },
      `${place} is not a valid ${LANGUAGE}${complaintIn(cause)}.`,
      {
        cause,
        hint: 'Write names literally, with a backslash before characters such as . [ ] ( ) + ?; * alone matches everything.',
      },
    );
  }
  throw refusal;
}

async function refusalOf(ask: AskSource, patterns: readonly string[]): Promise<FerryError | undefined> {
  try {
    await ask(readPatterns(patterns));
    return undefined;
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
}

/**
 * What the server said about a pattern, in its language. These words are about the pattern only, because the statement
 * contains nothing else.
 */
function complaintIn({ cause }: FerryError): string {
  const said =
    cause instanceof Error
      ? /["A-Za-z]: [^\s:"][^:\n"]{0,40}: {2}([^\n]+)/.exec(cause.message)?.[1]
      : undefined;
  return said === undefined ? '' : `: ${said.replace(/^invalid regular expression: /, '')}`;
}
