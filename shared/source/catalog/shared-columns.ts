import { quoteIdentifier, quoteLiteral } from '../../duckdb/sql-text.ts';

/**
 * Columns whose texts the server stores once for all its databases. Ferry fills in their values, because the source may
 * send them in another encoding.
 */
export interface SharedColumns {
  /** The name of the database, where the column is not null. */
  database: readonly string[];
  /** Texts of the whole server, which arrive as bytes. */
  texts: readonly string[];
}

/**
 * SQL of DuckDB that fills them in, for `SELECT * REPLACE (…)`.
 *
 * @param texts the decoded texts of bytes that are not ASCII, by their hexadecimal digits
 */
export function replaceSharedColumns(
  columns: SharedColumns,
  database: string,
  texts: ReadonlyMap<string, string>,
): string[] {
  const cases = [...texts].map(
    ([hex, text]) => `WHEN ${quoteLiteral(hex.toUpperCase())} THEN ${quoteLiteral(text)}`,
  );
  return [
    ...columns.database
      .map(quoteIdentifier)
      .map((column) => `CASE WHEN ${column} IS NOT NULL THEN ${quoteLiteral(database)} END AS ${column}`),
    ...columns.texts
      .map(quoteIdentifier)
      .map((column) =>
        cases.length === 0
          ? `decode(${column}) AS ${column}`
          : `CASE hex(${column}) ${cases.join(' ')} ELSE decode(${column}) END AS ${column}`,
      ),
  ];
}
