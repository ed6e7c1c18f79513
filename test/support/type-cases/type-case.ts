/** One row of docs/types.md, and what proves it. */
export interface TypeCase {
  /** The row's first cell: a type in the source's words. */
  type: string;
  /** What a table's column is declared as. @default the type */
  column?: string;
  /** Type in the file, in DuckDB's words. */
  exact: string;
  /** The same with types: compatible. @default exact */
  compatible?: string;
  /** What `types: compatible` warns of. */
  warning?: RegExp;
  /**
   * SQL of a value, and what pyarrow must read; NULL is tried with every type. DATE `2024-12-31`, TIME
   * `23:59:59.000000`, TIMESTAMP `2024-12-31T23:59:59.000000` (with `Z` if it has a zone), bytes as lower-case
   * hexadecimal digits; decimals, and integers beyond 2^53, as text.
   */
  values: readonly (readonly [sql: string, read: unknown])[];
  /** SQL of a value that fails the run, and what is said of it. */
  refused?: readonly (readonly [sql: string, says: RegExp])[];
  /** Servers that know the type. @default all */
  only?: 'mariadb' | 'mysql';
}

const arrowTypes: Readonly<Record<string, string>> = {
  BOOLEAN: 'bool',
  TINYINT: 'int8',
  UTINYINT: 'uint8',
  SMALLINT: 'int16',
  USMALLINT: 'uint16',
  INTEGER: 'int32',
  UINTEGER: 'uint32',
  BIGINT: 'int64',
  UBIGINT: 'uint64',
  FLOAT: 'float',
  DOUBLE: 'double',
  VARCHAR: 'string',
  BLOB: 'binary',
  UUID: 'extension<arrow.uuid>',
  DATE: 'date32[day]',
  TIME: 'time64[us]',
  TIMESTAMP: 'timestamp[us]',
  'TIMESTAMP WITH TIME ZONE': 'timestamp[us, tz=UTC]',
};

/** What pyarrow calls the column that DuckDB writes for its own type. */
export function arrowTypeOf(type: string): string {
  if (type.endsWith('[]')) return `list<element: ${arrowTypeOf(type.slice(0, -2))}>`;
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(type);
  if (decimal) return `decimal128(${decimal[1]}, ${decimal[2]})`;
  const arrow = arrowTypes[type];
  if (!arrow) throw new Error(`No Arrow type is known for ${type}.`);
  return arrow;
}
