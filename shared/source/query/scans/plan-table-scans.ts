import { isDeepStrictEqual } from 'node:util';
import type { TypesMode } from '../../../config/schema/ferry-config.ts';
import { quoteIdentifier } from '../../../duckdb/sql-text.ts';
import { ExactnessError, QueryError } from '../../../errors.ts';
import { type ColumnPlan, withoutLabels } from '../../column-plan.ts';
import type { ClientColumn, SourceTable } from '../../dialect.ts';
import type { SourceSession } from '../../sessions/session.ts';
import { convertAtSource, TABLE_MARKERS } from '../convert-columns.ts';
import { checkValues, type ReadValues, type ValueCheck } from '../value-check.ts';
import type { DuckdbQueryFacts, TableReference } from './duckdb-query.ts';
import { asScanned, guardScan, isPlain, settingsOfPrinted } from './guard-scan.ts';
import { type Replacement, replaceTables } from './replace-tables.ts';
import { findSentFilters, isComparedAlike, isMisread, selectUnfiltered } from './sent-filters.ts';

interface Table {
  label: string;
  /** The columns that the query reads, for the source's SQL. */
  query: string;
  /** How DuckDB scans them; absent where a statement reads them. */
  scan?: { relation: string; names: readonly string[] };
  /** Only for the columns that the query reads. */
  columns: { plan: ColumnPlan; scanType: string }[];
  /** DuckDB SQL of a SELECT that replaces the table. */
  select?: string;
  /** Columns that the SELECT leaves out, as the source's own * does. */
  hidden?: string[];
  /** Columns of the SELECT that the query names, and that no * includes. */
  unstarred?: string[];
  /** The SELECT sends its own statement to the source, which converts and refuses, so there is nothing to check. */
  convertedAtSource?: boolean;
  /** So does the SELECT of a table that could be scanned: it sees what a scan would not. */
  guarded?: boolean;
  /** What may be wrong in it, for people. */
  warning?: string;
}

type FoundTable = Table & { found: SourceTable };

/** Exactly: names that differ only in case may be two tables. */
const key = ({ schema, table }: TableReference) => JSON.stringify([schema, table]);

/**
 * The table that a name refers to, in the source's spelling. DuckDB ignores case, and its client takes any of those
 * that differ in nothing else.
 *
 * @throws QueryError for a table that does not exist, ExactnessError for a name that may refer to several
 */
async function findTable(session: SourceSession, { schema, table }: TableReference): Promise<SourceTable> {
  const { dialect } = session;
  const wanted = schema ?? session.defaultSchema;
  const { rows } = await session.askSource('wrap', dialect.tablesNamed(wanted, table));
  const found = rows.map(
    ([inSchema, name, stores, wide]): SourceTable => ({
      schema: String(inSchema),
      table: String(name),
      ...(stores === true ? { stores } : {}),
      ...(typeof wide === 'string' ? { beyondDoubles: JSON.parse(wide) as string[] } : {}),
    }),
  );
  const [first, ...others] = found;
  if (!first) throw new QueryError(`The source has no table ${table} that the login may see.`);
  if (others.length === 0) return first;
  const same = found.find((each) => each.schema === wanted && each.table === table);
  if (same && dialect.tellsCase) return same;
  const names = found.map((each) => `${each.schema}.${each.table}`).toSorted();
  throw new ExactnessError(
    `duckdbQuery reads ${table}, and the source has tables whose names differ only in case (${names.join(', ')}).`,
    { hint: "Use `query` instead, with the source's own SQL." },
  );
}

const BEYOND_DOUBLES = "DuckDB's client makes NaN or Infinity of numbers with more than 308 digits";

async function describeTable(
  session: SourceSession,
  found: SourceTable,
  { tables, columns, besideStars }: DuckdbQueryFacts,
  mode: TypesMode,
): Promise<Table> {
  const { dialect } = session;
  const sourceName = `${dialect.quoteName(found.schema)}.${dialect.quoteName(found.table)}`;
  const scanName = `db.${quoteIdentifier(found.schema)}.${quoteIdentifier(found.table)}`;
  const label = `db.${found.schema}.${found.table}`;
  const describeScan = () =>
    session.describe(scanName).catch((error: unknown) => {
      // The client cannot list the tables of a schema if some differ only in case.
      if (!(error instanceof QueryError)) throw error;
      return undefined;
    });
  const isMisread = (described: readonly ClientColumn[]) =>
    [found.schema, found.table, ...described.map(({ name }) => name)].some((name) =>
      dialect.isMisreadInScan?.(name),
    );
  // A * may be refused where the columns that the query names are not.
  const listed = columns !== 'all' && dialect.starNeedsAllColumns ? await describeScan() : undefined;
  const trusted = listed === undefined || isMisread(listed) ? undefined : listed;
  const shown =
    trusted ?? (await session.describe(session.relationOf(`SELECT * FROM ${sourceName}`), 'wrap'));
  const shownNames = shown.map(({ name }) => name);
  const scanned = trusted ?? (isMisread(shown) ? undefined : await describeScan());
  const scannedNames = scanned?.map(({ name }) => name) ?? shownNames;
  if (
    !isDeepStrictEqual(
      scannedNames.filter((name) => shownNames.includes(name)),
      shownNames,
    )
  ) {
    throw new ExactnessError(`DuckDB's client sees different columns in ${label} than the source.`, {
      hint: "Use `query` instead, with the source's own SQL.",
    });
  }

  // A login may have access to some columns only, so no others are read.
  // Columns that the source's own * leaves out (INVISIBLE), and DuckDB's would not.
  const unshown = scannedNames.filter((name) => !shownNames.includes(name));
  const unstarred = unshown.filter((name) => besideStars?.has(name.toLowerCase()));
  const named =
    columns === 'all'
      ? [...shownNames, ...unstarred]
      : scannedNames.filter((name) => columns.has(name.toLowerCase()));
  if (
    columns !== 'all' &&
    columns.has('rowid') &&
    !scannedNames.some((name) => name.toLowerCase() === 'rowid')
  ) {
    throw new QueryError(`${label} has no column rowid: DuckDB's own is not one of the source.`, {
      hint: 'Name a column of the source.',
    });
  }
  // Any column will do to count rows.
  const read = named.length === 0 && scanned === undefined ? shownNames.slice(0, 1) : named;
  const query = `SELECT ${read.map(dialect.quoteName).join(', ')} FROM ${sourceName}`;
  const plans = read.length === 0 ? [] : await planSource(session, query, mode);
  const scanTypes = new Map(scanned?.map(({ name, type }) => [name, type]));
  const table = {
    label,
    query,
    columns: plans.map((plan) => ({
      plan: {
        ...plan,
        table: label,
        ...(found.beyondDoubles?.includes(plan.name) ? { unscannable: BEYOND_DOUBLES } : {}),
      },
      scanType: scanTypes.get(plan.name) ?? plan.type,
    })),
  };
  if (scanned === undefined) return { ...table, select: query, convertedAtSource: true };
  const hidden = columns === 'all' ? unshown.filter((name) => !unstarred.includes(name)) : [];
  const alone = tables.length === 1 || !dialect.statementsApart;
  const { guarded, warning } = await guardScan(session, found, table, { mode, alone });
  if (guarded) return { ...table, hidden, unstarred, select: query, guarded };
  const scan = { relation: scanName, names: read };
  const told = { ...table, scan, ...(warning === undefined ? {} : { warning }) };
  if (columns !== 'all' || scannedNames.length === shownNames.length) return told;
  const select = `SELECT ${named.map(quoteIdentifier).join(', ')} FROM ${scanName}`;
  return { ...told, hidden, unstarred, select };
}

async function planSource(session: SourceSession, query: string, mode: TypesMode): Promise<ColumnPlan[]> {
  const client = await session.describe(session.relationOf(query), 'wrap');
  const ask = (sql: string) => session.askSource('wrap', sql);
  return session.dialect.planColumns(ask, query, client, () => mode, session.server);
}

function cannotBeScanned({ plan, scanType }: Table['columns'][number]): string | undefined {
  // Bytes that are no text.
  const asText = plan.type === 'BLOB' && scanType === 'VARCHAR';
  return plan.unscannable ?? (asText ? "DuckDB's client takes its bytes for text" : undefined);
}

/** @throws ExactnessError for a column that no mode can read without a conversion */
function assertScannable({ label, columns, convertedAtSource }: Table): void {
  const column = columns.find((each) => cannotBeScanned(each) !== undefined);
  if (column === undefined || convertedAtSource) return;
  const { name, sourceType } = column.plan;
  throw new ExactnessError(
    `Column "${name}" (${sourceType}) of ${label} cannot be read by duckdbQuery: ${cannotBeScanned(column)}.`,
    { hint: 'Use `query` instead, so the source converts it; or select columns without this one.' },
  );
}

function cannotBeRead(label: string, { plan, scanType }: Table['columns'][number]): ExactnessError {
  return new ExactnessError(
    `Column "${plan.name}" (${plan.sourceType}) of ${label} cannot be read exactly by duckdbQuery: ${plan.reason ?? `it would become ${withoutLabels(scanType)}`}.`,
    {
      hint: 'Use `query` instead, so the source converts it; or select columns without this one; or set types: compatible to write it as the Go connector did.',
    },
  );
}

/** User-defined types that the client mistakes for others by their names. */
function assertKnownTypes({ label, columns, convertedAtSource }: Table): void {
  const mistaken = columns.find(({ plan }) => plan.namedLike !== undefined)?.plan;
  if (mistaken === undefined || convertedAtSource) return;
  throw new ExactnessError(
    `Column "${mistaken.name}" (${mistaken.sourceType}) of ${label} has a type with the name of a Postgres type, ${mistaken.namedLike}, and DuckDB's client mistakes it for that.`,
    { hint: 'Use `query` instead, so the source prints it; or select columns without this one.' },
  );
}

/**
 * What `types: compatible` loses in a table: what a query's column would lose, and what the client makes of types that
 * a query gives as text.
 */
function warningsOf({ label, columns }: Table): string[] {
  return columns.flatMap(({ plan: { name, sourceType, type, loss }, scanType }) => {
    // Of a domain, the client reads the source's own text.
    if (/^VARCHAR(\[\])*$/.test(scanType)) return [];
    const lost = loss?.text ?? (scanType === type ? undefined : lossOfScan(scanType));
    return lost === undefined ? [] : [`Column "${name}" (${sourceType}) of ${label}: ${lost}.`];
  });
}

function lossOfScan(scanType: string): string | undefined {
  // With a coordinate system in its type, it is kept.
  if (/\bGEOMETRY\b(?!\()/.test(scanType)) return 'written as plain WKB: the SRID is lost';
  // A point of Postgres is a pair of DOUBLEs.
  if (
    /\bSTRUCT\(/.test(scanType) &&
    !/^STRUCT\(x DOUBLE, y DOUBLE\)(\[\])*$/.test(scanType) &&
    /\b(DOUBLE|INTERVAL|TIME|DATE|TIMESTAMP)\b/.test(scanType)
  )
    return 'read field by field: a numeric in it keeps about 15 digits, and NaN, Infinity and similar become other values';
  return undefined;
}

function checkTable(
  session: SourceSession,
  { label, query, found, columns, convertedAtSource, guarded }: FoundTable,
  mode: TypesMode,
): ValueCheck | undefined {
  if (convertedAtSource) {
    const number = columns.find(({ plan }) => plan.numberAsText);
    if (mode === 'exact' && number) throw cannotBeRead(label, number);
    return undefined;
  }
  const checked = columns.filter(({ plan, scanType }) => {
    if (mode === 'compatible')
      return (plan.damagedInScan || plan.cutAt !== undefined) && plan.violation !== undefined;
    // Text of a number would sort and compare as text.
    const plain =
      isPlain(scanType) && !plan.damagedInScan && (scanType !== 'VARCHAR' || plan.type === 'VARCHAR');
    if (plain) return plan.violation !== undefined;
    if (scanType !== plan.type || plan.damagedInScan) throw cannotBeRead(label, { plan, scanType });
    return plan.violation !== undefined;
  });
  if (guarded) return undefined;
  const names = columns.map(({ plan }) => plan.name);
  const stored = found.stores === true;
  return checkValues(session, { query, names, columns: checked.map(({ plan }) => plan), stored });
}

/** What happens to the tables that a duckdbQuery reads. */
export interface TableScans {
  /** The query, with replacements for its tables. */
  sql: string;
  /** Conditions on the tables, to be checked in the same transaction. */
  checks: ValueCheck[];
  /** The tables that are read by a statement which converts them. */
  converted: ReadValues[];
  tableColumns: ColumnPlan[];
  /** Columns that a `*` of the query leaves out; next to one, they cannot be named. */
  hidden: string[];
  warnings: string[];
}

/** The error of a query that could not be prepared, if the reason is that it names a column which a `*` leaves out. */
export function explainHidden(error: unknown, { hidden }: TableScans): unknown {
  if (!(error instanceof QueryError)) return error;
  const named = hidden.find((name) => error.message.toLowerCase().includes(`"${name.toLowerCase()}"`));
  if (named === undefined) return error;
  return new QueryError(`The column "${named}" is INVISIBLE at the source, and cannot be combined with *.`, {
    cause: error,
    hint: 'A * already leaves it out. To read it, name all columns of the query.',
  });
}

/**
 * Decides whether the tables that a duckdbQuery reads can be read as they are. They are read without a wrapper, so that
 * filters and columns are pushed down. What a wrapper would refuse is looked for before, in the same snapshot.
 *
 * @throws ExactnessError for a column that would need a conversion, QueryError for a table that does not exist
 */
export async function planTableScans(
  session: SourceSession,
  query: string,
  facts: DuckdbQueryFacts,
  mode: TypesMode,
): Promise<TableScans> {
  const { tables } = facts;
  const unique = [...new Map(tables.map((table) => [key(table), table])).values()];
  const described: MentionedTable[] = [];
  for (const reference of unique) {
    const found = await findTable(session, reference);
    described.push({ reference, found, ...(await describeTable(session, found, facts, mode)) });
  }
  await session.dialect.assertChangesNothing?.(
    (sql) => session.askSource('wrap', sql),
    undefined,
    described.map(({ found }) => found),
    session.server,
  );
  for (const table of described) {
    assertKnownTypes(table);
    assertScannable(table);
  }
  for (const { found, columns } of described)
    await session.chooseReadingOf(found, settingsOfPrinted(columns));
  const warnings = described.flatMap((table) => [
    ...(mode === 'exact' ? [] : warningsOf(table)),
    ...(table.warning === undefined ? [] : [table.warning]),
  ]);
  const checks = described
    .map((table) => checkTable(session, table, mode))
    .filter((check) => check !== undefined);
  const converted = described
    .filter(({ guarded }) => guarded)
    .map(({ query: sql, columns }): ReadValues => {
      const plans = columns.map(({ plan }) => plan);
      return { query: sql, names: plans.map(({ name }) => name), columns: plans };
    });
  const apart = described.some(({ convertedAtSource }) => convertedAtSource);
  if (mode === 'exact' && checks.length + tables.length > 1) {
    const gap = apart
      ? 'the database has tables whose names differ only in case, so each table is read separately'
      : await session.dialect.findSnapshotGap(
          (sql) => session.askSource('wrap', sql),
          described.map(({ found }) => found),
        );
    if (gap !== undefined) {
      throw new ExactnessError(
        `duckdbQuery reads the source with several statements, which would see it at different moments: ${gap}.`,
        {
          hint: 'Use `query` instead, which is one statement.',
        },
      );
    }
  }
  const { sql, tableColumns } = await replaceAll(session, query, described, mode);
  const hidden = described.flatMap((table) => table.hidden ?? []);
  return { sql, checks, converted, tableColumns, hidden, warnings };
}

type MentionedTable = FoundTable & { reference: TableReference };

/** Puts the replacements for its tables into the query, with its filters where they mean what DuckDB means by them. */
async function replaceAll(
  session: SourceSession,
  query: string,
  described: readonly MentionedTable[],
  mode: TypesMode,
): ReturnType<typeof replaceThose> {
  const replaced = await replaceThose(session, query, described, mode);
  const differ = described.map(({ scan, columns }) =>
    scan && session.dialect.sendsFilters ? columns.filter((column) => !isComparedAlike(column)) : [],
  );
  if (differ.flat().length === 0) return replaced;
  const sent = await findSentFilters(session, replaced.sql);
  const kept = described.map((table, index) => {
    const misread = differ[index]?.filter(({ plan }) => isMisread(plan, sent)) ?? [];
    const names = misread.map(({ plan }) => plan.name);
    if (table.scan === undefined || names.length === 0) return table;
    return { ...table, select: selectUnfiltered(table.scan, (name) => names.includes(name)) };
  });
  const isSame = kept.every((table, index) => table === described[index]);
  return isSame ? replaced : replaceThose(session, query, kept, mode);
}

/** Puts the replacements for its tables into the query. */
async function replaceThose(
  session: SourceSession,
  query: string,
  described: readonly MentionedTable[],
  mode: TypesMode,
): Promise<Pick<TableScans, 'sql' | 'tableColumns'>> {
  const tableColumns: ColumnPlan[] = [];
  const replacements: Replacement[] = [];
  for (const { reference, found, select, convertedAtSource, guarded, columns, unstarred = [] } of described) {
    if (select === undefined) continue;
    const isConverted = convertedAtSource || guarded;
    const isMeant = (other: TableReference) => key(other) === key(reference);
    const plans = columns.map(({ plan }) => plan);
    const firstMarker = TABLE_MARKERS + tableColumns.length;
    if (isConverted) tableColumns.push(...plans);
    const converted = isConverted
      ? await convertAtSource(session, select, { columns: plans, mode, firstMarker })
      : select;
    replacements.push({
      isMeant,
      table: found,
      unstarred,
      select: guarded ? asScanned(converted, columns) : converted,
    });
  }
  const sql = replacements.length === 0 ? query : await replaceTables(session, query, replacements);
  return { sql, tableColumns };
}
