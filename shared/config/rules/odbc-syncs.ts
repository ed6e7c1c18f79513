import type { FerryConfig } from '../schema/ferry-config.ts';

/** What a sync of a source behind ODBC cannot have, by the path of the field in it. */
export function findOdbcSyncProblems(
  { sources }: Pick<FerryConfig, 'sources'>,
  { source, duckdbQuery, types }: FerryConfig['syncs'][string],
): { field: string; message: string }[] {
  if (!Object.hasOwn(sources, source) || sources[source]?.type !== 'odbc') return [];
  return [
    ...(duckdbQuery === undefined
      ? []
      : [
          {
            field: 'duckdbQuery',
            message:
              'a `query` in the SQL of the source: through ODBC, DuckDB sees no tables that it could read',
          },
        ]),
    ...(types === 'compatible'
      ? [{ field: 'types', message: 'exact: the Go connector read nothing through ODBC' }]
      : []),
  ];
}
