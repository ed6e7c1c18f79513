import { readFileSync } from 'node:fs';
import {
  assertPatterns,
  type CatalogFilters,
  connectedDatabase,
  databaseInScope,
  EVERYTHING,
  entriesOf,
  type FilterEntry,
  matchWhole,
  quoteText,
  relationInScope,
  schemasInScope,
} from '../../source/catalog/filters.ts';
import type { AskSource } from '../../source/dialect.ts';
import { fillIn } from '../../text/fill-in.ts';
import { tellLetters } from './fit-letters.ts';
import { OPEN_DATABASES } from './list-databases.ts';

const entriesSql = readFileSync(new URL('./preflight-entries.sql', import.meta.url), 'utf8');
const countsSql = readFileSync(new URL('./preflight-counts.sql', import.meta.url), 'utf8');

/** One check, as Atlan's app answers it. The message of the other outcome is empty. */
export interface Check {
  success: boolean;
  successMessage: string;
  failureMessage: string;
}

/** What is looked at before a catalog is read. */
export interface Preflight {
  /** What the include filter asks for is there. */
  databaseSchemaCheck: Check;
  /** How many tables and views the filters leave. */
  tablesCheck: Check;
  versionCheck: Check;
}

/** As Atlan's app has it in its settings: partitioned tables, which the catalog is asked for, came with it. */
const MINIMUM_VERSION = 10;

/**
 * The checks of Atlan's app, in its words, for the connected database. Outside a transaction, as none goes on after an error.
 *
 * @param options.onlySource whether the extraction reads nothing but this server: an entry of the include filter that matches none of
 *   its databases is then a mistake, else it is for another source
 * @param options.databaseName of the connected database, where it is known
 * @param options.otherNames of databases of the server that the connected one may take for other letters
 * @throws ConfigError when a filter is no regular expression
 */
export async function runPreflight(
  ask: AskSource,
  filters: CatalogFilters,
  options: { onlySource?: boolean; databaseName?: string; otherNames?: readonly string[] } = {},
): Promise<Preflight> {
  const { onlySource = true, databaseName, otherNames = [] } = options;
  await assertPatterns(ask, filters);
  const miss = await findMiss(ask, filters, onlySource, databaseName, otherNames);
  const { rows } = await ask(
    fillIn(countsSql, {
      SCHEMAS: schemasInScope(filters, databaseName),
      IN_SCOPE: relationInScope(filters, 'c.relname'),
    }),
  );
  const [tables, version] = (rows[0] ?? []).map(Number) as [number, number];
  return {
    databaseSchemaCheck:
      miss === undefined
        ? passed('Schemas and Databases check successful')
        : failed(`Schemas and Databases check failed for ${miss}`),
    tablesCheck: passed(`Tables check successful. Table count: ${tables}`),
    versionCheck: checkVersion(version),
  };
}

/**
 * Why the filters leave nothing of the connected database, in the words of its databaseSchemaCheck: no entry of `include` is for it.
 *
 * @returns undefined when one is, or when there is no `include`
 */
export async function whyLeftOut(
  ask: AskSource,
  filters: CatalogFilters,
  { databaseSchemaCheck }: Preflight,
  databaseName?: string,
): Promise<string | undefined> {
  if (databaseSchemaCheck.success) return undefined;
  const included = databaseInScope({ ...filters, exclude: {} }, connectedDatabase(databaseName));
  const { rows } = await ask(`SELECT ${included} AS included`);
  return rows[0]?.[0] === true ? undefined : databaseSchemaCheck.failureMessage;
}

const passed = (successMessage: string): Check => ({ success: true, successMessage, failureMessage: '' });
const failed = (failureMessage: string): Check => ({ success: false, successMessage: '', failureMessage });

/** @param version server_version_num: 150018 is 15.18, 90624 is 9.6.24 */
function checkVersion(version: number): Check {
  const major = Math.floor(version / 10_000);
  const rest = version % 10_000;
  const text = major < 10 ? `${major}.${Math.floor(rest / 100)}.${rest % 100}` : `${major}.${rest}`;
  const minimum = `${MINIMUM_VERSION}.0`;
  return major < MINIMUM_VERSION
    ? failed(`Client version ${text} does not meet minimum required version ${minimum}`)
    : passed(`Client version ${text} meets minimum required version ${minimum}`);
}

/**
 * The first entry of the include filter that asks for what is not there: a database pattern that no database matches, a schema pattern
 * that no schema matches. Schemas are asked of a database that is meant alone: a pattern for many does not say that each has them all.
 */
async function findMiss(
  ask: AskSource,
  filters: CatalogFilters,
  onlySource: boolean,
  databaseName: string | undefined,
  otherNames: readonly string[],
): Promise<string | undefined> {
  const entries = entriesOf(filters.include);
  const [first] = entries;
  if (first === undefined) return undefined;
  const { rows } = await ask(
    fillIn(entriesSql, {
      ENTRIES: entries.map(valuesOf).join(', '),
      DATABASES: [OPEN_DATABASES, ...otherNames.map((name) => `SELECT ${quoteText(name)}::name`)].join(
        ' UNION ALL ',
      ),
      CONNECTED: connectedDatabase(databaseName),
      SCHEMAS: schemasInScope(EVERYTHING),
    }),
  );
  for (const [index, { database, schemas }] of entries.entries()) {
    const [databases, here, missing] = rows[index] ?? [];
    if (databases === 0 && onlySource) return `${withoutAnchors(database)} database`;
    const pattern = schemas[Number(missing) - 1];
    if (databases === 1 && here === true && pattern !== undefined)
      return `${withoutAnchors(database)}.${withoutAnchors(pattern)} schema`;
  }
  return rows.some(([, here]) => here === true) ? undefined : `${withoutAnchors(first.database)} database`;
}

const valuesOf = ({ database, schemas }: FilterEntry, index: number) => {
  const [name, ...patterns] = [database, ...schemas].map((pattern) => quoteText(matchWhole(pattern)));
  return `(${index}, ${name}, ARRAY[${patterns.join(', ')}]::text[])`;
};

/** A pattern as Atlan's messages have it. */
const withoutAnchors = (pattern: string) => tellLetters(pattern).replace(/^[\^$]+|[\^$]+$/g, '');
