import type { SourceConfig } from '../../config/schema/ferry-config.ts';
import { ConfigError } from '../../errors.ts';
import { postgresCatalog } from '../postgres/catalog/postgres-catalog.ts';
import type { Catalog } from './catalog.ts';

const catalogs: Readonly<Partial<Record<SourceConfig['type'], Catalog>>> = { postgres: postgresCatalog };

/**
 * The catalog of a kind of database.
 *
 * @throws ConfigError for a kind that extractions do not support
 */
export function catalogOf(type: SourceConfig['type']): Catalog {
  const catalog = catalogs[type];
  if (catalog) return catalog;
  throw new ConfigError(`Extractions cannot read the catalog of a source of type ${type}.`, {
    hint: `Sources of extractions must have one of these types: ${Object.keys(catalogs).join(', ')}.`,
  });
}
