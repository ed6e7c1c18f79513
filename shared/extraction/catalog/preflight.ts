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
 * @throws ConfigError when a filter is not a valid regular expression
 */
export async function runPreflight(
  scope: CatalogScope,
  filters: CatalogFilters,
  options: { onlySource?: boolean; databaseName?: string; otherNames?: readonly string[] } = {},
): Promise<Preflight> {
  const { onlySource = true, databaseName, otherNames = [] } = options;
  await scope.assertPatterns(filters);
  const miss = await findMiss(scope, filters, onlySource, { databaseName, otherNames });
  const size = await scope.measure(filters, databaseName);
  return {
    databaseSchemaCheck:
      miss === undefined
        ? passed('Schemas and Databases check successful')
        : failed(`Schemas and Databases check failed for ${miss}`),
    tablesCheck: passed(`Tables check successful. Table count: ${size.relations}`),
    versionCheck: checkVersion(size),
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

const checkVersion = ({ version, minimumVersion, isSupported }: ScopeSize): Check =>
  isSupported
    ? passed(`Client version ${version} meets minimum required version ${minimumVersion}`)
    : failed(`Client version ${version} does not meet minimum required version ${minimumVersion}`);

/**
 * The first entry of the include filter that names something that does not exist: a database pattern without a
 * database, or a schema pattern without a schema. Schemas are only checked in a database that the pattern names alone:
 * a pattern for many does not mean that each has all of them.
 */
async function findMiss(
  scope: CatalogScope,
  filters: CatalogFilters,
  onlySource: boolean,
  names: Parameters<CatalogScope['matchEntries']>[1],
): Promise<string | undefined> {
  const entries = entriesOf(filters.include);
  const [first] = entries;
  if (first === undefined) return undefined;
  const matches = await scope.matchEntries(entries, names);
  for (const [index, { databases, here, missing }] of matches.entries()) {
    const database = entries[index]?.database ?? '';
    if (databases === 0 && onlySource) return `${withoutAnchors(database)} database`;
    if (databases === 1 && here && missing !== undefined)
      return `${withoutAnchors(database)}.${withoutAnchors(missing)} schema`;
  }
  return matches.some(({ here }) => here) ? undefined : `${withoutAnchors(first.database)} database`;
}

/** A pattern as it appears in Atlan's messages. */
const withoutAnchors = (pattern: string) => tellLetters(pattern).replace(/^[\^$]+|[\^$]+$/g, '');
