import type { TypesMode } from '../config/schema.ts';
import { ExactnessError, QueryError } from '../errors.ts';
import { type ColumnPlan, type Refusal, withoutLabels } from './column-plan.ts';
import type { DuckdbQueryFacts, TableReference } from './duckdb-query.ts';
import type { SourceSession } from './session.ts';
import { quoteIdentifier, quoteLiteral } from './sql-text.ts';

/** A condition on a table that is read as it stands: no value of these columns may be one that the client damages. */
export interface TableCheck {
  /** As the query calls it. */
  table: string;
  /** SQL of the source: one row, with 1 for each column that holds such a value. */
  sql: string;
  columns: { name: string; sourceType: string; refusal: Refusal }[];
}

interface Table {
  label: string;
  /** SQL of the source. */
  sourceName: string;
  /** Of the columns that the query reads. */
  columns: { plan: ColumnPlan; scanType: string }[];
}

const key = ({ schema, table }: TableReference) => `${schema ?? ''}.${table}`.toLowerCase();

/** The tables that a name can mean, as the source spells them: DuckDB does not tell upper from lower case. */
async function findTables(session: SourceSession, { schema, table }: TableReference) {
  const inSchema = `lower(schema_name) = lower(${quoteLiteral(schema ?? session.defaultSchema)})`;
  const reader = await session.run(
    'describe',
    `SELECT schema_name, name FROM (
       SELECT database_name, schema_name, table_name AS name FROM duckdb_tables()
       UNION ALL SELECT database_name, schema_name, view_name FROM duckdb_views())
     WHERE database_name = 'db' AND ${inSchema} AND lower(name) = lower(${quoteLiteral(table)})`,
  );
  return reader.getRowsJS().map(([found, name]) => ({ schema: String(found), table: String(name) }));
}

async function describeTable(
  session: SourceSession,
  found: { schema: string; table: string },
  columns: DuckdbQueryFacts['columns'],
  mode: TypesMode,
): Promise<Table> {
  const { dialect } = session;
  const sourceName = `${dialect.quoteName(found.schema)}.${dialect.quoteName(found.table)}`;
  const query = `SELECT * FROM ${sourceName}`;
  const scanned = await session.describe(
    `db.${quoteIdentifier(found.schema)}.${quoteIdentifier(found.table)}`,
  );
  const scanTypes = new Map(scanned.map(({ name, type }) => [name, type]));
  const plans = await dialect.planColumns(
    (sql) => session.askSource('wrap', sql),
    query,
    await session.describe(session.relationOf(query), 'wrap'),
    () => mode,
    session.server,
  );
  return {
    label: `db.${found.schema}.${found.table}`,
    sourceName,
    columns: plans
      .filter(({ name }) => columns === 'all' || columns.has(name.toLowerCase()))
      .map((plan) => ({ plan, scanType: scanTypes.get(plan.name) ?? plan.type })),
  };
}

/** Text that the source printed, or a name out of a list: nothing of it can be damaged. */
const isPlain = (type: string) => type === 'VARCHAR' || /^ENUM\(.*\)$/s.test(type) || type === 'UINTEGER';

function checkTable({ label, sourceName, columns }: Table): TableCheck | undefined {
  const checked = columns.filter(({ plan, scanType }) => {
    // Text of what is a number would sort and compare as text.
    const plain =
      isPlain(scanType) && !plan.damagedInScan && (scanType !== 'VARCHAR' || plan.type === 'VARCHAR');
    if (plain) return false;
    if (scanType !== plan.type || plan.damagedInScan) {
      throw new ExactnessError(
        `Column "${plan.name}" (${plan.sourceType}) of ${label} cannot be read exactly by duckdbQuery: ${plan.reason ?? `it would become ${withoutLabels(scanType)}`}.`,
        {
          hint: 'Use `query` instead, which has the source convert it; or name the columns without this one; or set types: compatible to have it written as the Go connector did.',
        },
      );
    }
    return plan.violation !== undefined;
  });
  if (checked.length === 0) return undefined;
  const conditions = checked.map(
    ({ plan }, index) => `MAX(CASE WHEN ${plan.violation} THEN 1 ELSE 0 END) AS v${index}`,
  );
  return {
    table: label,
    sql: `SELECT ${conditions.join(', ')} FROM ${sourceName} AS q`,
    columns: checked.map(({ plan: { name, sourceType, refusal } }) => ({
      name,
      sourceType,
      refusal: refusal ?? { values: 'values without a place in the file', hint: '' },
    })),
  };
}

/**
 * Decides for the tables that a duckdbQuery reads whether they can be read as they stand. They are read without a wrapper, so that
 * filters and columns are pushed down; what a wrapper would refuse is looked for before, in the same snapshot.
 *
 * @throws ExactnessError for a column that would need a conversion, QueryError for a table that there is not
 */
export async function planTableScans(
  session: SourceSession,
  { tables, columns }: DuckdbQueryFacts,
  mode: TypesMode,
): Promise<{ checks: TableCheck[]; warnings: string[] }> {
  const unique = [...new Map(tables.map((table) => [key(table), table])).values()];
  const described: Table[] = [];
  for (const reference of unique) {
    const found = await findTables(session, reference);
    if (found.length === 0)
      throw new QueryError(`The source has no table ${reference.table} that the login may see.`);
    for (const each of found) described.push(await describeTable(session, each, columns, mode));
  }
  if (mode === 'compatible') {
    const warnings = described.flatMap(({ label, columns: own }) =>
      own.flatMap(({ plan: { name, sourceType, loss } }) =>
        loss ? [`Column "${name}" (${sourceType}) of ${label}: ${loss.text}.`] : [],
      ),
    );
    return { checks: [], warnings };
  }
  const checks = described.map(checkTable).filter((check) => check !== undefined);
  if (checks.length + tables.length > 1) {
    const gap = await session.dialect.findSnapshotGap((sql) => session.askSource('wrap', sql));
    if (gap !== undefined) {
      throw new ExactnessError(
        `duckdbQuery reads the source by several statements, which would show it at different moments: ${gap}.`,
        {
          hint: 'Use `query` instead, which is one statement; or set the isolation level REPEATABLE READ for this login.',
        },
      );
    }
  }
  return { checks, warnings: [] };
}
