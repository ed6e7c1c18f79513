/** The types of real tables, alternating. */
const TYPES = [
  'integer',
  'text',
  'varchar(255)',
  'numeric(12,2)',
  'timestamptz',
  'boolean DEFAULT false',
  'bigint',
  'date',
  'jsonb',
  'public.quantity',
];
const COLUMNS = 100;
const SCHEMAS = 10;
const TABLES_PER_STATEMENT = 100;

/**
 * SQL for the catalog of Atlan's scale tests (assets_100k is 1,000 tables): tables with 101 columns in ten schemas,
 * next to an empty `public`. Each text is one transaction, because every new table takes a lock.
 *
 * @param tables a multiple of ten
 */
export function* createAssets(tables: number): Generator<string> {
  const columns = Array.from(
    { length: COLUMNS },
    (_, index) => `column_${index + 1} ${TYPES[index % TYPES.length]}`,
  ).join(', ');
  yield 'CREATE DOMAIN public.quantity AS numeric(10,3) CHECK (value >= 0)';
  yield Array.from({ length: SCHEMAS }, (_, index) => `CREATE SCHEMA schema_${index + 1};`).join('\n');
  for (let first = 0; first < tables; first += TABLES_PER_STATEMENT) {
    const numbers = Array.from(
      { length: Math.min(TABLES_PER_STATEMENT, tables - first) },
      (_, index) => first + index,
    );
    yield numbers
      .map(
        (n) =>
          `CREATE TABLE schema_${(n % SCHEMAS) + 1}.assets_${n + 1} (id bigint PRIMARY KEY, ${columns});`,
      )
      .join('\n');
  }
}
