import { readFileSync } from 'node:fs';
import { toFerryError } from '../errors.ts';
import type { AskSource } from '../source/dialect.ts';
import { type SessionOptions, SourceSession } from '../source/session.ts';
import { fillIn } from './fill-in.ts';
import {
  assertPatterns,
  type CatalogFilters,
  EVERYTHING,
  relationInScope,
  schemasInScope,
} from './filters.ts';

const databasesSql = readFileSync(new URL('./tree-databases.sql', import.meta.url), 'utf8');
const schemasSql = readFileSync(new URL('./tree-schemas.sql', import.meta.url), 'utf8');

/** A schema, and what an extraction makes entities of in it. */
export interface SchemaTree {
  name: string;
  /** Partitions and foreign tables too; none that tempTableRegex leaves out. */
  tables: number;
  /** Materialised ones too. */
  views: number;
  /** Functions, procedures and aggregates. */
  routines: number;
  /** Whether the filters leave it. */
  inScope: boolean;
}

/** A database of a source's server. */
export interface DatabaseTree {
  name: string;
  /** Whether it is the one that an extraction reads unless it says `databases`. */
  isDefault: boolean;
  /** Size on the server's disk; undefined when the login may not know it. */
  bytes: number | undefined;
  /** By name; none of the system's. Empty where there is a `refusal`. */
  schemas: SchemaTree[];
  /** Why nobody, or not this login, gets in. */
  refusal: string | undefined;
}

/**
 * What there is on the server of a source, by the names that filters match: each database is connected to, one after another, and one
 * that refuses the login is shown with the reason.
 *
 * @param options.filters whose scope is shown. @default everything
 * @throws what keeps the login out of its own database, and ConfigError when a filter is no regular expression
 */
export async function readTree(
  options: Omit<SessionOptions, 'mode' | 'parallel' | 'forCancelling'> & { filters?: CatalogFilters },
): Promise<DatabaseTree[]> {
  const { filters = EVERYTHING, login, signal } = options;
  const [own, databases] = await ask(options, login.database, async (askSource) => {
    await assertPatterns(askSource, filters);
    return [await readSchemas(askSource, filters), await askSource(databasesSql)];
  });
  const tree: DatabaseTree[] = [];
  for (const [name, bytes, closed] of databases.rows) {
    const database: DatabaseTree = {
      name: String(name),
      isDefault: name === login.database,
      bytes: bytes === null ? undefined : Number(bytes),
      schemas: name === login.database ? own : [],
      refusal: closed === null || name === login.database ? undefined : String(closed),
    };
    tree.push(database);
    if (database.isDefault || database.refusal !== undefined) continue;
    try {
      database.schemas = await ask(options, database.name, (askSource) => readSchemas(askSource, filters));
    } catch (error) {
      signal?.throwIfAborted();
      database.refusal = toFerryError(error).message;
    }
  }
  return tree;
}

/** Asks one database by a session of its own. */
async function ask<T>(
  options: Omit<SessionOptions, 'mode'>,
  database: string,
  work: (ask: AskSource) => Promise<T>,
): Promise<T> {
  const session = await SourceSession.open({
    ...options,
    login: { ...options.login, database },
    mode: 'exact',
  });
  try {
    return await work((sql) => session.askSource('describe', sql));
  } finally {
    session.close();
  }
}

async function readSchemas(askSource: AskSource, filters: CatalogFilters): Promise<SchemaTree[]> {
  const { rows } = await askSource(
    fillIn(schemasSql, {
      SCHEMAS: schemasInScope(EVERYTHING),
      IN_SCOPE: schemasInScope(filters),
      RELATION_IN_SCOPE: relationInScope(filters, 'c.relname'),
    }),
  );
  return rows.map(([name, tables, views, routines, inScope]) => ({
    name: String(name),
    tables: Number(tables),
    views: Number(views),
    routines: Number(routines),
    inScope: inScope === true,
  }));
}
