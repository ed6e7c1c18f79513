/**
 * How many characters the name of a database may have. A server cuts a longer one off without a word, and would open
 * another database: https://www.postgresql.org/docs/current/limits.html (63 bytes, which are as many characters at
 * most), https://dev.mysql.com/doc/refman/8.4/en/identifier-length.html,
 * https://learn.microsoft.com/sql/sql-server/maximum-capacity-specifications-for-sql-server
 */
export function longestDatabaseName({
  type,
  odbc,
}: {
  type: string;
  odbc?: { product: string } | undefined;
}): number {
  switch (odbc?.product ?? type) {
    case 'mysql':
    case 'mariadb':
      return 64;
    case 'sqlserver':
      return LONGEST_DATABASE_NAME;
    default:
      return 63;
  }
}

/** Of all products. */
export const LONGEST_DATABASE_NAME = 128;

/** In characters, not in what JavaScript counts: an emoji is one. */
export const lengthOf = (name: string) => [...name].length;
