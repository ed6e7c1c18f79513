import { batchesOf } from '../../batches.ts';
import { quoteLiteral } from '../../duckdb/sql-text.ts';
import { PatternError, QueryError } from '../../errors.ts';
import type { CatalogClient } from './catalog.ts';
import {
  ANYTHING,
  type CatalogFilters,
  type FilterEntry,
  type PlacedPattern,
  placedPatterns,
} from './filters.ts';

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

/**
 * SQL of a table with a text and its number from 0 in each row. As one literal, because DuckDB's time to plan a
 * statement grows with the square of its parts.
 */
function tableOf(texts: readonly string[]): string {
  const whole = texts.join('');
  // One character that is in none of them ends each.
  let letter = 0xe000;
  while (whole.includes(String.fromCodePoint(letter))) letter += 1;
  const end = String.fromCodePoint(letter);
  const list = `string_split(${quoteLiteral(texts.join(end))}, ${quoteLiteral(end)})`;
  return `(SELECT unnest(list) AS text, unnest(range(len(list))) AS number FROM (SELECT ${list} AS list))`;
}

/** @throws PatternError that names the field, the database and the pattern, and what is wrong */
export async function assertRe2(
  client: Pick<CatalogClient, 'compute'>,
  filters: CatalogFilters,
): Promise<void> {
  const placed = placedPatterns(filters);
  let [first, end] = [0, placed.length];
  if (end === 0) return;
  let cause = await refusalOf(client, placed);
  if (cause === undefined) return;
  // The first that is refused, in a few steps.
  while (end - first > 1) {
    const middle = (first + end) >> 1;
    const refusal = await refusalOf(client, placed.slice(first, middle));
    if (refusal === undefined) first = middle;
    else [end, cause] = [middle, refusal];
  }
  const { field, place = '' } = placed[first] ?? { field: 'include' as const };
  const said =
    cause.cause instanceof Error ? /Error: ([^\n]{1,200})/.exec(cause.cause.message)?.[1] : undefined;
  throw new PatternError(
    { field, language: LANGUAGE },
    `${place} is not a valid ${LANGUAGE}${said === undefined ? '' : `: ${said.replace(/\.$/, '')}`}.`,
    {
      cause,
      hint: 'Write names literally, with a backslash before characters such as . [ ] ( ) + ?; * alone matches everything.',
    },
  );
}

/** What is said of one of the patterns. */
async function refusalOf(
  { compute }: Pick<CatalogClient, 'compute'>,
  patterns: readonly PlacedPattern[],
): Promise<QueryError | undefined> {
  try {
    const asked = patterns.map(({ pattern }) => toRe2(pattern));
    // Each is compiled, whether or not it matches.
    await compute(`SELECT count(*) FROM ${tableOf(asked)} WHERE regexp_matches('', text)`);
    return undefined;
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
}

/** Each has its time in DuckDB's planner, but is compiled once, and not once for each name. */
const PATTERNS_AT_ONCE = 100;
/** Up to so many names it takes longer to plan a pattern than to compile it for each, even one with .* in it. */
const FEW_NAMES = 25;

/** Which patterns match which names as a whole: for each pattern, the names. */
export async function matchWhole(
  { compute }: Pick<CatalogClient, 'compute'>,
  patterns: readonly string[],
  names: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const matched = new Map(patterns.map((pattern) => [pattern, new Set(pattern === ANYTHING ? names : [])]));
  const asked = [...new Set(patterns)].filter((pattern) => pattern !== ANYTHING);
  if (asked.length === 0 || names.length === 0) return matched;
  const note = (found: readonly (readonly unknown[])[], batch: readonly string[]) => {
    for (const [pattern, number] of found)
      matched.get(batch[Number(pattern)] ?? '')?.add(names[Number(number)] ?? '');
  };
  const listed = tableOf(names);
  if (names.length <= FEW_NAMES) {
    const found = await compute(
      `SELECT p.number, n.number FROM ${tableOf(asked.map(toRe2))} AS p, ${listed} AS n WHERE regexp_full_match(n.text, p.text)`,
    );
    note(found, asked);
    return matched;
  }
  for (const batch of batchesOf(asked, PATTERNS_AT_ONCE)) {
    const found = await compute(
      `WITH name AS ${listed} ${batch
        .map(
          (pattern, index) =>
            `SELECT ${index} AS pattern, number FROM name WHERE regexp_full_match(text, ${quoteLiteral(toRe2(pattern))})`,
        )
        .join(' UNION ALL ')}`,
    );
    note(found, batch);
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
