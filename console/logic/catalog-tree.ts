import type { Manifest } from '../calls/types.ts';

export interface CatalogDatabase {
  name: string | undefined;
  state: 'extracted' | 'failed';
  serverVersion: string | undefined;
  error: string | undefined;
  entities: number;
  /** Number of entities by type, the most first. */
  types: { type: string; count: number }[];
  files: { key: string; form: string; rows: number; bytes: number }[];
}

/**
 * What a run has written, as a tree: sources, their databases, and the types and files of each. A file of all databases
 * is shown for each one that was extracted.
 */
export function catalogTree({
  databases,
  files,
}: Manifest): { source: string; databases: CatalogDatabase[] }[] {
  const shown = databases.map(({ source, database, state, serverVersion, entities, error }) => ({
    source,
    name: database,
    state,
    serverVersion,
    error: error?.message,
    entities: Object.values(entities).reduce((sum, count) => sum + count, 0),
    types: Object.entries(entities)
      .map(([type, count]) => ({ type, count }))
      .toSorted((a, b) => b.count - a.count),
    files: files
      .filter((file) =>
        file.source === undefined
          ? state === 'extracted'
          : file.source === source && file.database === database,
      )
      .map(({ key, form, rows, bytes }) => ({ key, form, rows, bytes })),
  }));
  return [...Map.groupBy(shown, ({ source }) => source)].map(([source, found]) => ({
    source,
    databases: found.map(({ source: _source, ...database }) => database),
  }));
}
