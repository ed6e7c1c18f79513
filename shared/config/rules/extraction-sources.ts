import { matchesStars } from '../../text/matches-stars.ts';
import { lengthOf, longestDatabaseName } from '../schema/database-name.ts';
import type { ExtractionConfig, FerryConfig, OdbcProduct, SourceConfig } from '../schema/ferry-config.ts';
import { unknownNameMessage } from '../unknown-name.ts';

/** Whether a name stands for all that match it: `hr-*`. */
export const isPattern = (entry: string) => entry.includes('*');

/** Whose catalogs can be read (shared/source/catalog/catalog-registry.ts). */
const TYPES: readonly SourceConfig['type'][] = ['postgres', 'mysql'];
const PRODUCTS: readonly (OdbcProduct | undefined)[] = ['postgresql', 'mariadb', 'sqlite', 'sqlserver'];
const hasCatalog = (source: SourceConfig | undefined) =>
  source !== undefined && (TYPES.includes(source.type) || PRODUCTS.includes(source.odbc?.product));

/**
 * The names of the sources that an extraction reads, each once, ordered by name. A pattern leaves out sources without a
 * catalog.
 */
export function sourcesOf({ sources }: FerryConfig, extraction: Pick<ExtractionConfig, 'sources'>): string[] {
  const names = extraction.sources.flatMap((entry) =>
    isPattern(entry)
      ? Object.keys(sources).filter((name) => matchesStars(entry, name) && hasCatalog(sources[name]))
      : [entry],
  );
  return [...new Set(names)].sort();
}

/** What is wrong with the sources that an extraction names, by their position in the list. */
export function findSourceProblems(
  config: FerryConfig,
  extraction: ExtractionConfig,
): { index: number; message: string }[] {
  return extraction.sources.flatMap((entry, index) => {
    const message = problemOf(config, entry, extraction);
    return message === undefined ? [] : [{ index, message }];
  });
}

/** What is wrong with the databases that an extraction lists, by their position in the list. */
export function findDatabaseProblems(
  config: FerryConfig,
  extraction: ExtractionConfig,
): { index: number; message: string }[] {
  const { databases } = extraction;
  if (!Array.isArray(databases)) return [];
  const read = sourcesOf(config, extraction).flatMap((name) => config.sources[name] ?? []);
  const most = Math.min(...read.map(longestDatabaseName));
  return databases.flatMap((database, index) =>
    lengthOf(database) > most
      ? [{ index, message: `expected at most ${most} characters, as names of databases have there` }]
      : [],
  );
}

function problemOf(config: FerryConfig, entry: string, extraction: ExtractionConfig): string | undefined {
  if (isPattern(entry)) {
    if (sourcesOf(config, { ...extraction, sources: [entry] }).length > 0) return undefined;
    return `"${entry}" matches no source whose catalog can be read (type: ${TYPES.join(', ')})`;
  }
  const source = Object.hasOwn(config.sources, entry) ? config.sources[entry] : undefined;
  if (!source) return unknownNameMessage('source', entry, Object.keys(config.sources));
  if (!hasCatalog(source))
    return `"${entry}" is a source of type ${source.type}: extractions read ${TYPES.join(' and ')}, and of odbc ${PRODUCTS.join(' and ')}`;
  return undefined;
}
