import type { SourceConfig } from '../../config/schema.ts';
import { ConfigError } from '../../errors.ts';
import type { EntityFolder } from '../entity-folders.ts';
import type { CatalogFilters } from '../filters.ts';
import { postgresCatalog } from './postgres.ts';

/** SQL of the source. */
export interface CatalogQueries {
  /**
   * What may share its qualifiedName with something else: schemas as schema and null, then relations as schema and name, in the order of
   * their raw rows.
   */
  ambiguousNames: string;
  /** The raw rows of each folder (raw-rows.ts), in the order that the files are to have. */
  rows: Readonly<Record<EntityFolder, string>>;
}

/** How the catalog of a kind of database is read. One file each in this folder. */
export interface Catalog {
  /**
   * SQL of the source that is run once, first in the transaction: what the plans of the queries and the texts in them depend
   * on. Its first column is the name of the database.
   */
  settings: string;
  /** @param serverVersion the server's own words */
  queries(filters: CatalogFilters, serverVersion: string): CatalogQueries;
}

const catalogs: Readonly<Partial<Record<SourceConfig['type'], Catalog>>> = { postgres: postgresCatalog };

/**
 * The catalog of a kind of database.
 *
 * @throws ConfigError for one that cannot be extracted
 */
export function catalogOf(type: SourceConfig['type']): Catalog {
  const catalog = catalogs[type];
  if (catalog) return catalog;
  throw new ConfigError(`Extractions cannot read the catalog of a source of type ${type}.`, {
    hint: `Sources of extractions have one of these types: ${Object.keys(catalogs).join(', ')}.`,
  });
}
