import { readFileSync } from 'node:fs';
import { ConfigError, QueryError } from '../../../errors.ts';
import { fillIn } from '../../../text/fill-in.ts';
import type { CatalogClient } from '../../catalog/catalog.ts';
import { type CatalogFilters, entriesOf } from '../../catalog/filters.ts';
import { matchEntries } from '../../catalog/match-names.ts';
import { quoteMysqlName } from '../mysql-types.ts';

const schemataSql = readFileSync(new URL('./sql/mysql-schemata.sql', import.meta.url), 'utf8');
const typesSql = readFileSync(new URL('./sql/mysql-types.sql', import.meta.url), 'utf8');
const namesSql = readFileSync(new URL('./sql/mysql-names.sql', import.meta.url), 'utf8');

/** The one database of a server: what information_schema calls its catalog. Its schemas are MySQL's databases. */
export const DATABASE = 'def';

/** Types of tables that are read; a sequence of MariaDB is none of them. */
const RELATION_TYPES = ['BASE TABLE', 'SYSTEM VERSIONED', 'VIEW'];

/** A binary text, which compares without a collation. */
const bytesOf = (text: string) => `X'${Buffer.from(text).toString('hex')}'`;

/** Where the catalog is read: information_schema, or its mirror. */
export type MysqlClient = Pick<CatalogClient, 'ask' | 'compute' | 'source'>;

/** The placeholders that all queries share. @param schemas that are read */
export function placeholdersOf({ source }: Pick<MysqlClient, 'source'>, schemas: readonly string[] = []) {
  const { clonedInformationSchema: mirror } = source;
  return {
    INFORMATION_SCHEMA: mirror === undefined ? 'information_schema' : quoteMysqlName(mirror),
    MIRROR: bytesOf(mirror ?? ''),
    DATABASE: `'${DATABASE}'`,
    SCHEMAS: schemas.length === 0 ? 'NULL' : schemas.map(bytesOf).join(', '),
  };
}

/**
 * The schemas that the login sees, by name.
 *
 * @throws ConfigError when the mirror of information_schema cannot be read
 */
export async function listSchemas(client: MysqlClient): Promise<string[]> {
  const { clonedInformationSchema: mirror } = client.source;
  try {
    const { rows } = await client.ask(fillIn(schemataSql, placeholdersOf(client)));
    return rows.map(([name]) => String(name));
  } catch (error) {
    if (mirror === undefined || !(error instanceof QueryError)) throw error;
    throw new ConfigError(`The mirror of information_schema, "${mirror}", cannot be read.`, {
      cause: error,
      hint: 'clonedInformationSchema must name a schema with views (MariaDB) or copies (MySQL) called SCHEMATA, TABLES, COLUMNS, VIEWS, PARTITIONS, ROUTINES and KEY_COLUMN_USAGE, in capitals, on which the login has SELECT.',
    });
  }
}

/** The schemas that the filters leave, in their order. */
export async function schemasInScope(
  client: MysqlClient,
  filters: CatalogFilters,
  schemas: readonly string[],
): Promise<string[]> {
  const match = (filter: CatalogFilters['include']) =>
    matchEntries(client, entriesOf(filter), DATABASE, schemas);
  const [included, excluded] = [await match(filters.include), await match(filters.exclude)];
  const isIn = (entries: typeof included, schema: string) =>
    entries.some(({ here, names }) => here && names.has(schema));
  return schemas.filter(
    (schema) => (included.length === 0 || isIn(included, schema)) && !isIn(excluded, schema),
  );
}

/** A table, view or sequence. */
export interface MysqlName {
  schema: string;
  name: string;
  /** Undefined when another session has locked it, so that MariaDB does not say. */
  type: string | undefined;
}

/** Everything that these schemas have, by name. */
export async function listNames(client: MysqlClient, schemas: readonly string[]): Promise<MysqlName[]> {
  const placeholders = placeholdersOf(client, schemas);
  const names = await client.ask(fillIn(namesSql, placeholders));
  const types = await client.ask(fillIn(typesSql, placeholders));
  const known = new Map(types.rows.map(([schema, name, type]) => [`${schema}\0${name}`, String(type)]));
  return names.rows.map(([schema, name]) => ({
    schema: String(schema),
    name: String(name),
    type: known.get(`${schema}\0${name}`),
  }));
}

/** Tables and views, and what may be one. */
export const isRelation = ({ type }: MysqlName) => type === undefined || RELATION_TYPES.includes(type);
