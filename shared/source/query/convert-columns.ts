import { batchesOf } from '../../batches.ts';
import type { TypesMode } from '../../config/schema/ferry-config.ts';
import { quoteIdentifier, quoteLiteral } from '../../duckdb/sql-text.ts';
import { ExactnessError } from '../../errors.ts';
import {
  type ColumnPlan,
  changedColumn,
  changeMarker,
  type Refusal,
  refusalMarker,
  refusedColumn,
} from '../column-plan.ts';
import type { ComputedOnce, Dialect } from '../dialect.ts';
import { engineMessage } from '../engine-message.ts';
import type { SourceSession } from '../sessions/session.ts';
import { refusalOfType, withCheckedValues } from './checked-values.ts';
import { changedWhileRunning, readSettings } from './keep-settings.ts';

/** Where the markers of a table's own columns begin, after those of any result. */
export const TABLE_MARKERS = 100_000;

interface Conversion {
  columns: readonly ColumnPlan[];
  mode: TypesMode;
  firstMarker?: number;
}

/** Whether a setting of its session decides how the source prints or computes the value. */
const dependsOnSettings = ({ type, textDependsOn, atSource, unwatched }: ColumnPlan) =>
  textDependsOn !== undefined &&
  !unwatched &&
  (/^VARCHAR(\[\])?$/.test(type) || (atSource !== undefined && /^DECIMAL\([\d,]+\)$/.test(type)));

const needsSource = (plan: ColumnPlan) =>
  plan.atSource !== undefined ||
  plan.companion !== undefined ||
  plan.canary !== undefined ||
  dependsOnSettings(plan);

/** DuckDB SQL for the result of a query of the source, with each of its columns written as planned. */
export async function convertAtSource(
  session: SourceSession,
  sql: string,
  conversion: Conversion,
): Promise<string> {
  const { columns, firstMarker } = conversion;
  if (columns.some(needsSource)) return convertThroughSource(session, sql, conversion);
  const names = columns.map(({ name }) => name);
  const checked = columns.map(withCheckedValues);
  return convert(checked, names, session.relationOf(sql), firstMarker);
}

/**
 * The query in a wrapper that converts at the source. A wrapper may give other types than the query alone (MariaDB, for
 * a UNION or constants), so its columns are converted to what was planned.
 */
async function convertThroughSource(
  session: SourceSession,
  sql: string,
  { columns, mode, firstMarker }: Conversion,
): Promise<string> {
  const { dialect } = session;
  const names = columns.map(({ name }) => name);
  const settings = columns.some(dependsOnSettings) ? await readSettings(session) : new Map<string, string>();
  const expressions = columns.flatMap((plan, index) => {
    const { canary, type, textDependsOn = [] } = plan;
    const value = plan.atSource ?? dialect.reference(names, index);
    const own = new Map(textDependsOn.map((name) => [name, settings.get(name) ?? '']));
    const marker = changeMarker(index + (firstMarker ?? 0));
    const guarded = dependsOnSettings(plan) ? dialect.failWhenChanged?.(value, type, own, marker) : undefined;
    return [
      { sql: guarded ?? value, alias: `c${index}` },
      ...(canary === undefined ? [] : [{ sql: canary.sql, alias: `k${index}`, withRow: true as const }]),
    ];
  });
  const companions = planCompanions(columns, dialect);
  const sent = [...expressions, ...companions.expressions];
  const isOnce = columns.some(
    (plan, index) => plan.once && namesTwice(plan, dialect.reference(names, index)),
  );
  const cutOff = columns.flatMap(({ mayBeCutOff }, index) => (mayBeCutOff ? [index] : []));
  const select = (once?: ComputedOnce) => dialect.selectFrom(sql, sent, names, session.server, once);
  const statement = select(isOnce ? { cutOff } : undefined);
  // Whether the query's own rows are stored: what is computed once is stored in any case, but whole.
  if (mode === 'exact')
    await dialect.assertWrapIsLossless?.((ask) => session.askSource('wrap', ask), select(), columns);
  const wrapped = session.relationOf(statement);
  const types = new Map((await session.describe(wrapped, 'wrap')).map(({ name, type }) => [name, type]));
  const cast = columns.map((plan, index): ColumnPlan => {
    const type = types.get(`c${index}`) ?? plan.type;
    if (plan.inDuckdb) return plan;
    if (type === plan.type) return withCheckedValues(plan);
    if (type === 'BLOB' && plan.type === 'VARCHAR')
      return { ...plan, inDuckdb: (value) => `decode(${value})` };
    return { ...plan, inDuckdb: (value) => `CAST(${value} AS ${plan.type})` };
  });
  return convert(
    cast,
    columns.map((_, index) => `c${index}`),
    wrapped,
    firstMarker,
    companions.given,
  );
}

/** Whether what is sent for a column names it more than once. */
const namesTwice = ({ atSource, companion = '' }: ColumnPlan, own: string) =>
  `${atSource ?? own} ${companion}`.split(own).length > 2;

/** As many conditions as a whole number of the source's has bits, with or without a sign. */
const FLAGS = 62;

/**
 * What is sent for the companions of all columns: in as few columns as possible, because each takes the client as long as
 * a value does.
 */
function planCompanions(columns: readonly ColumnPlan[], { packFlags }: Dialect) {
  const companions = columns.flatMap(({ companion }, index) =>
    companion === undefined ? [] : [{ companion, index }],
  );
  if (packFlags === undefined) {
    return {
      expressions: companions.map(({ companion, index }) => ({ sql: companion, alias: `g${index}` })),
      given: ofColumn,
    };
  }
  const places = new Map(companions.map(({ index }, place) => [index, place]));
  return {
    expressions: batchesOf(companions, FLAGS).map((group, at) => ({
      sql: packFlags(group.map(({ companion }) => companion)),
      alias: `g${at}`,
    })),
    given: (index: number) => {
      const place = places.get(index);
      if (place === undefined) return '';
      const bit = 2n ** BigInt(place % FLAGS);
      return `(CAST(g${Math.floor(place / FLAGS)} AS UBIGINT) & CAST(${bit} AS UBIGINT) <> 0)`;
    },
  };
}

/** The companion that is sent as a column of its own. */
const ofColumn = (index: number) => `g${index}`;

/**
 * DuckDB SQL that makes the file's columns from what the source sends.
 *
 * @param names the names of the columns there
 * @param firstMarker identifies a refusal of the first column
 * @param given what the companion of a column has become
 */
export function convert(
  columns: readonly ColumnPlan[],
  names: readonly string[],
  relation: string,
  firstMarker = 0,
  given = ofColumn,
): string {
  const list = columns.map(({ name, type, inDuckdb, canary, cutAt }, index) => {
    const value = quoteIdentifier(names[index] ?? name);
    const refuse = `error(${quoteLiteral(refusalMarker(firstMarker + index))})`;
    const whole = inDuckdb ? inDuckdb(value, given(index), refuse) : value;
    const bytes = `${type === 'BLOB' ? 'octet_length' : 'strlen'}(${whole})`;
    const expression =
      cutAt === undefined ? whole : `CASE WHEN ${bytes} >= ${cutAt} THEN ${refuse} ELSE ${whole} END`;
    if (!canary) return `${expression} AS ${quoteIdentifier(name)}`;
    const changed = `error(${quoteLiteral(changeMarker(firstMarker + index))})`;
    const isOther = `k${index} IS DISTINCT FROM ${quoteLiteral(canary.expected)}`;
    return `CASE WHEN ${isOther} THEN ${changed} ELSE ${expression} END AS ${quoteIdentifier(name)}`;
  });
  return `SELECT ${list.join(', ')} FROM ${relation}`;
}

/** What DuckDB says of 2024-02-00, which the client hands on to it. */
const DAMAGED_DATE = /^Conversion Error: (Date|Timestamp) out of range: /;

/** Whether the client could not decode a date. It does not say of which column. */
export const isDamagedDate = (error: unknown) => DAMAGED_DATE.test(engineMessage(error));

/** Columns and their types, for people. */
export const nameColumns = (columns: readonly Pick<ColumnPlan, 'name' | 'sourceType'>[]): string =>
  columns.map(({ name, sourceType }) => `"${name}" (${sourceType})`).join(', ');

/** Where a column is, for people. */
export const ofTable = (table: string | undefined) => (table === undefined ? '' : ` of ${table}`);

/**
 * Values that DuckDB itself fails on with `types: compatible`, without saying in which column: what it says of one, the
 * types of columns that it may be in, and the refusal.
 */
const failures: readonly { said: (error: unknown) => boolean; type: RegExp; refusal: Refusal }[] = [
  {
    said: isDamagedDate,
    type: /^(DATE|TIMESTAMP)$/,
    refusal: {
      values: 'an invalid date (a month or day 0, or a day that does not exist in its month)',
      hint: 'types: compatible only turns 0000-00-00 into NULL. Set columns: { name: text } to keep such dates as text, or convert them in the query.',
    },
  },
  {
    said: (error) => /Parquet files do not support negative intervals/.test(engineMessage(error)),
    type: /\bINTERVAL\b/,
    refusal: {
      values: 'a negative interval, which a Parquet file cannot hold',
      hint: 'Set columns: { name: text } to keep intervals as text, or convert them in the query.',
    },
  },
];

function explainFailure(columns: readonly ColumnPlan[], error: unknown): ExactnessError | undefined {
  const failure = failures.find(({ said }) => said(error));
  const suspects = columns.filter(({ type }) => failure?.type.test(type));
  if (failure === undefined || suspects.length === 0) return undefined;
  const { values, hint } = failure.refusal;
  return new ExactnessError(
    `${suspects.length === 1 ? 'Column' : 'One of the columns'} ${nameColumns(suspects)} contains ${values}. Nothing was uploaded.`,
    { cause: error, hint },
  );
}

/** The error for a column with a value that the file cannot hold. */
export function refuseColumn(
  column: Pick<ColumnPlan, 'name' | 'sourceType' | 'table'>,
  { values, hint }: Refusal,
  cause?: unknown,
): ExactnessError {
  const { table } = column;
  return new ExactnessError(
    `Column ${nameColumns([column])}${ofTable(table)} contains ${values}. Nothing was uploaded.`,
    { cause, hint: table === undefined ? hint : `Use \`query\` instead of duckdbQuery. ${hint}`.trim() },
  );
}

/** The error for an engine's failure that was Ferry's own refusal of a value; undefined when it was something else. */
export function explainRefusal(
  error: unknown,
  { columns, tableColumns }: { columns: readonly ColumnPlan[]; tableColumns: readonly ColumnPlan[] },
): ExactnessError | undefined {
  const said = engineMessage(error);
  const planAt = (index: number | undefined) =>
    index === undefined ? undefined : (columns[index] ?? tableColumns[index - TABLE_MARKERS]);
  const changed = planAt(changedColumn(said));
  if (changed) {
    return changedWhileRunning(
      `The query changes a setting while it runs, and the values of column "${changed.name}" (${changed.sourceType}) depend on it (${changed.textDependsOn?.join(', ')}).`,
    );
  }
  const failure = explainFailure(columns, error);
  if (failure) return failure;
  const column = planAt(refusedColumn(said));
  const refusal = column && (column.refusal ?? refusalOfType(column));
  return refusal && refuseColumn(column, refusal, error);
}
