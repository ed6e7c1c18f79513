import type { CatalogScope, ScopeSize } from '../../source/catalog/catalog-scope.ts';
import { type CatalogFilters, entriesOf } from '../../source/catalog/filters.ts';
import { tellLetters } from './fit-letters.ts';

/** One check with the answers of Atlan's app. The message of the other outcome is empty. */
export interface Check {
  success: boolean;
  successMessage: string;
  failureMessage: string;
}

/** What is checked before a catalog is read. */
export interface Preflight {
  /** What the include filter names exists. */
  databaseSchemaCheck: Check;
  /** How many tables and views the filters leave. */
  tablesCheck: Check;
  versionCheck: Check;
}

/**
 * The checks of Atlan's app, in its words, for the connected database.
 *
 * @param options.onlySource whether the extraction reads only this server. An entry of the include filter that matches
 *   none of its databases is then a mistake; otherwise it is meant for another source
 * @param options.databaseName of the connected database, if known
 * @param options.otherNames databases of the server whose letters the connected one may misread
 * @param options.minimumVersion of the server, such as `12.0`. @default the first that Ferry can read
 * @param options.apart takes the numbers of the entries of `include` that match no database of the server: then they do
 *   not fail this one
 * @param options.onlyOwnMinimum `unsaid`: a server that meets Ferry's own minimum meets none, in the app's words
 * @throws ConfigError when a filter is not a valid regular expression
 */
export async function runPreflight(
  scope: CatalogScope,
  filters: CatalogFilters,
  options: {
    onlySource?: boolean;
    databaseName?: string;
    otherNames?: readonly string[];
    minimumVersion?: string | undefined;
    apart?: ((unmatched: ReadonlySet<number>) => void) | undefined;
    onlyOwnMinimum?: 'unsaid';
  } = {},
): Promise<Preflight> {
  const { onlySource = true, databaseName, otherNames = [], minimumVersion, apart, onlyOwnMinimum } = options;
  await scope.assertPatterns(filters);
  const miss = await findMiss(scope, filters, { onlySource, apart }, { databaseName, otherNames });
  const size = await scope.measure(filters, databaseName);
  return {
    databaseSchemaCheck:
      miss === undefined
        ? passed('Schemas and Databases check successful')
        : failed(`Schemas and Databases check failed for ${miss}`),
    tablesCheck: passed(`Tables check successful. Table count: ${size.relations}`),
    versionCheck: checkVersion(size, minimumVersion, onlyOwnMinimum),
  };
}

/**
 * Why the filters leave nothing of the connected database, in the words of its databaseSchemaCheck: no entry of
 * `include` matches it.
 *
 * @returns undefined when one does, or when there is no `include`
 */
export async function whyLeftOut(
  scope: CatalogScope,
  filters: CatalogFilters,
  { databaseSchemaCheck }: Preflight,
  databaseName?: string,
): Promise<string | undefined> {
  if (databaseSchemaCheck.success || (await scope.includesDatabase(filters, databaseName))) return undefined;
  return databaseSchemaCheck.failureMessage;
}

const passed = (successMessage: string): Check => ({ success: true, successMessage, failureMessage: '' });
const failed = (failureMessage: string): Check => ({ success: false, successMessage: '', failureMessage });

/** @param required by the operator, if that is more than Ferry needs */
function checkVersion(
  { version, minimumVersion, product }: ScopeSize,
  required: string | undefined,
  onlyOwnMinimum: 'unsaid' | undefined,
): Check {
  const isMore = required !== undefined && compareVersions(required, minimumVersion) > 0;
  const minimum = isMore ? required : minimumVersion;
  const own = product === undefined ? '' : ` (${product})`;
  if (compareVersions(version, minimum) < 0)
    return failed(`Client version ${version}${own} does not meet minimum required version ${minimum}`);
  return required === undefined && onlyOwnMinimum === 'unsaid'
    ? passed(`Client version: ${version}${own} (no minimum version requirement)`)
    : passed(`Client version ${version}${own} meets minimum required version ${minimum}`);
}

/** Compares versions such as `15.18`, part by part; a missing part counts as 0. */
function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split('.').map(Number)) as [number[], number[]];
  const different = Array.from(
    { length: Math.max(a.length, b.length) },
    (_, index) => (a[index] ?? 0) - (b[index] ?? 0),
  );
  return different.find((difference) => difference !== 0) ?? 0;
}

/**
 * The first entry of the include filter that names something that does not exist: a database pattern without a
 * database, or a schema pattern without a schema. Schemas are only checked in a database that the pattern names alone:
 * a pattern for many does not mean that each has all of them.
 */
async function findMiss(
  scope: CatalogScope,
  filters: CatalogFilters,
  { onlySource, apart }: Pick<NonNullable<Parameters<typeof runPreflight>[2]>, 'onlySource' | 'apart'>,
  names: Parameters<CatalogScope['matchEntries']>[1],
): Promise<string | undefined> {
  const entries = entriesOf(filters.include);
  const [first] = entries;
  if (first === undefined) return undefined;
  const matches = await scope.matchEntries(entries, names);
  apart?.(new Set(matches.flatMap(({ databases }, index) => (databases === 0 ? [index] : []))));
  for (const [index, { databases, here, missing }] of matches.entries()) {
    const database = entries[index]?.database ?? '';
    if (databases === 0 && onlySource && !apart) return `${withoutAnchors(database)} database`;
    if (databases === 1 && here && missing !== undefined)
      return `${withoutAnchors(database)}.${withoutAnchors(missing)} schema`;
  }
  return matches.some(({ here }) => here) ? undefined : `${withoutAnchors(first.database)} database`;
}

/** A pattern as it appears in Atlan's messages. */
const withoutAnchors = (pattern: string) => tellLetters(pattern).replace(/^[\^$]+|[\^$]+$/g, '');

/** The database that an entry of `include` names, without what only marks literal text in a pattern. */
export const nameOfEntry = (pattern: string) => withoutAnchors(pattern).replaceAll(/\\(\W)/g, '$1');
