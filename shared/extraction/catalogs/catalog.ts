import type { SourceConfig } from '../../config/schema.ts';
import { ConfigError } from '../../errors.ts';
import type { EntityFolder } from '../entity-folders.ts';
import type { CatalogFilters } from '../filters.ts';
import type { SharedColumns } from '../shared-texts.ts';
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
  /** What in those rows is the same for the whole server, and has to be filled in. */
  shared: Readonly<Record<EntityFolder, SharedColumns>>;
}

/** How the catalog of a kind of database is read. One file each in this folder. */
export interface Catalog {
  /**
   * SQL of the source that is run once, first in the transaction: what the plans of the queries and the texts in them depend
   * on.
   */
  settings: string;
  /**
   * SQL of the source for what is kept for the whole server (shared-texts.ts): as hexadecimal digits the name of the database, and with
   * commas between them the texts that are not ASCII; and the encodings of the server's databases.
   */
  sharedTexts: string;
  /**
   * @param serverVersion the server's own words
   * @param databaseName of the connected database
   */
  queries(filters: CatalogFilters, serverVersion: string, databaseName: string): CatalogQueries;
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
