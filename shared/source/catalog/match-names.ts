import { batchesOf } from '../../batches.ts';
import { quoteLiteral } from '../../duckdb/sql-text.ts';
import { PatternError, QueryError } from '../../errors.ts';
import type { CatalogClient } from './catalog.ts';
import { ANYTHING, type CatalogFilters, type FilterEntry, placedPatterns } from './filters.ts';

/**
 * Filters that Ferry matches itself, for sources whose own regular expressions differ from product to product, or that
 * have none: as RE2 (https://github.com/google/re2/wiki/Syntax), by DuckDB, in time that grows only with the text.
 */

const LANGUAGE = 'regular expression (RE2)';

/** Postgres' way to write literal text is understood here too. */
const toRe2 = (pattern: string) => {
  const literal = /^\*\*\*=(.*)$/s.exec(pattern)?.[1];
  return literal === undefined
    ? pattern.replace(/^\*\*\*:/, '')
    : literal.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
};

/**
 * DuckDB SQL condition: a regular expression matches anywhere in a text.
 *
 * @param text DuckDB SQL
 */
export const matchesAnywhere = (text: string, pattern: string) =>
  `regexp_matches(${text}, ${quoteLiteral(toRe2(pattern))})`;

/** @throws PatternError that names the field, the database and the pattern, and what is wrong */
export async function assertRe2(
  { compute }: Pick<CatalogClient, 'compute'>,
  filters: CatalogFilters,
): Promise<void> {
  for (const { pattern, field, place } of placedPatterns(filters)) {
    try {
      await compute(`SELECT ${matchesAnywhere("''", pattern)}`);
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      const said =
        error.cause instanceof Error ? /Error: ([^\n]{1,200})/.exec(error.cause.message)?.[1] : undefined;
      throw new PatternError(
        { field, language: LANGUAGE },
        `${place} is not a valid ${LANGUAGE}${said === undefined ? '' : `: ${said.replace(/\.$/, '')}`}.`,
        {
          cause: error,
          hint: 'Write names literally, with a backslash before characters such as . [ ] ( ) + ?; * alone matches everything.',
        },
      );
    }
  }
}

/** The time that DuckDB takes to plan a statement grows with the square of its parts. */
const PATTERNS_AT_ONCE = 100;

/** Which patterns match which names as a whole: for each pattern, the names. */
export async function matchWhole(
  { compute }: Pick<CatalogClient, 'compute'>,
  patterns: readonly string[],
  names: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const matched = new Map(patterns.map((pattern) => [pattern, new Set(pattern === ANYTHING ? names : [])]));
  const asked = [...new Set(patterns)].filter((pattern) => pattern !== ANYTHING);
  if (asked.length === 0 || names.length === 0) return matched;
  const listed = names.map((name, index) => `(${index}, ${quoteLiteral(name)})`).join(', ');
  for (const batch of batchesOf(asked, PATTERNS_AT_ONCE)) {
    const found = await compute(
      `WITH name (number, text) AS (VALUES ${listed}) ${batch
        .map(
          (pattern, index) =>
            `SELECT ${index} AS pattern, number FROM name WHERE regexp_full_match(text, ${quoteLiteral(toRe2(pattern))})`,
        )
        .join(' UNION ALL ')}`,
    );
    for (const [pattern, number] of found)
      matched.get(batch[Number(pattern)] ?? '')?.add(names[Number(number)] ?? '');
  }
  return matched;
}

/** What the entries of a filter match. */
export interface EntryNames extends FilterEntry {
  /** Whether the pattern of databases matches the database. */
  here: boolean;
  /** The schemas that its patterns match; all of them without patterns. */
  names: ReadonlySet<string>;
  /** Its first pattern that matches no schema. */
  missing: string | undefined;
}

/** Matches the entries of a filter with one database and its schemas. */
export async function matchEntries(
  client: Pick<CatalogClient, 'compute'>,
  entries: readonly FilterEntry[],
  database: string,
  schemas: readonly string[],
): Promise<EntryNames[]> {
  const ofDatabases = await matchWhole(
    client,
    entries.map((entry) => entry.database),
    [database],
  );
  const ofSchemas = await matchWhole(
    client,
    entries.flatMap((entry) => entry.schemas),
    schemas,
  );
  return entries.map((entry) => ({
    ...entry,
    here: ofDatabases.get(entry.database)?.has(database) === true,
    names:
      entry.schemas.length === 0
        ? new Set(schemas)
        : new Set(entry.schemas.flatMap((pattern) => [...(ofSchemas.get(pattern) ?? [])])),
    missing: entry.schemas.find((pattern) => ofSchemas.get(pattern)?.size === 0),
  }));
}
