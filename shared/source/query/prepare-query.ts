import type { TypesMode } from '../../config/schema/ferry-config.ts';
import { asSentence, unknownNameMessage } from '../../config/unknown-name.ts';
import { quoteIdentifier, trimStatement } from '../../duckdb/sql-text.ts';
import { ConfigError, ExactnessError, QueryError } from '../../errors.ts';
import { type ColumnPlan, MAX_DECIMAL_DIGITS, withoutLabels } from '../column-plan.ts';
import { ofStatement } from '../sessions/explain-unknown.ts';
import type { SourceSession } from '../sessions/session.ts';
import { withCheckedValues } from './checked-values.ts';
import { overrideColumn, strictly } from './column-override.ts';
import { convert, convertAtSource } from './convert-columns.ts';
import { keepSettings } from './keep-settings.ts';
import type { DuckdbQueryFacts } from './scans/duckdb-query.ts';
import { warnUnseen } from './scans/guard-scan.ts';
import { explainHidden, planTableScans } from './scans/plan-table-scans.ts';
import type { ReadValues, ValueCheck } from './value-check.ts';

/** What to read: SQL for the source itself, or checked and trimmed DuckDB SQL over the source attached as `db`. */
export type SourceQuery =
  | { kind: 'source'; sql: string }
  | { kind: 'duckdb'; sql: string; facts: DuckdbQueryFacts };

/** A query, with a plan for each of its columns. */
export interface PreparedQuery {
  columns: ColumnPlan[];
  /** DuckDB SQL for the result as it goes into the file. */
  relation: string;
  /** Conditions on the tables that a duckdbQuery reads, to be checked in the same transaction. */
  checks: ValueCheck[];
  /** What is converted where it is read: a date that the client could not decode is in one of them. */
  converted: ReadValues[];
  /** Columns of such tables that are converted where they are read, and may refuse values. */
  tableColumns: ColumnPlan[];
  /** What is lost, for people; `types: compatible` only. */
  warnings: string[];
  mode: TypesMode;
  /** The relation is one statement in the source's own SQL. */
  oneStatement: boolean;
}

/**
 * Has the source prepare the query, without running it, and decides how each column is written.
 *
 * @param overrides the sync's `columns:`: name → type
 * @throws QueryError with what the source said about the query, ExactnessError for a column that cannot be written,
 *   ConfigError for an invalid override
 */
export function prepareQuery(
  session: SourceSession,
  query: SourceQuery,
  options: PrepareOptions,
): Promise<PreparedQuery> {
  // In a transaction, which has the settings under which the query will be read.
  return session.transaction(() => keepSettings(session, () => prepare(session, query, options)));
}

interface PrepareOptions {
  mode: TypesMode;
  overrides: Readonly<Record<string, string>>;
}

async function prepare(
  session: SourceSession,
  query: SourceQuery,
  { mode, overrides }: PrepareOptions,
): Promise<PreparedQuery> {
  const { dialect } = session;
  const scans =
    query.kind === 'duckdb' ? await planTableScans(session, query.sql, query.facts, mode) : undefined;
  const sql =
    query.kind === 'source' ? trimStatement(query.sql, dialect.lexicalRules(session.server)) : query.sql;
  const ask = (statement: string) => session.askSource('wrap', statement);
  // Before it is described, as MySQL and MariaDB may run its functions for that.
  if (scans === undefined) await dialect.assertChangesNothing?.(ask, sql, [], session.server);
  const relation = scans === undefined ? session.relationOf(sql) : `(${scans.sql})`;
  const described =
    scans === undefined && dialect.describe
      ? dialect.describe((statement) => session.askSource('describe', statement), sql)
      : session.describe(relation);
  const client = await described.catch((error: unknown) => {
    if (scans === undefined) return ofStatement(sql)(error);
    throw explainHidden(error, scans);
  });
  const names = client.map(({ name }) => name);
  for (const name of Object.keys(overrides)) {
    if (!names.includes(name))
      throw new ConfigError(asSentence(`columns: ${unknownNameMessage('column', name, names)}`));
  }

  if (scans !== undefined) {
    const columns = client.map(({ name, type }) => {
      const target = typeOf(overrides, name);
      const plan = planComputed(name, type, target === undefined ? mode : 'exact');
      return withCheckedValues(target === undefined ? plan : overrideColumn(plan, target, undefined));
    });
    const { checks, converted, tableColumns } = scans;
    const isTold = ({ name }: ColumnPlan) =>
      scans.warnings.some((told) => told.startsWith(`Column "${name}" `));
    const warnings = [...scans.warnings, ...warningsFor(columns.filter((plan) => !isTold(plan)))];
    return {
      columns,
      relation: convert(columns, names, relation),
      checks,
      converted,
      tableColumns,
      warnings,
      mode,
      oneStatement: false,
    };
  }

  // An override starts from the exact form, whatever the other columns do.
  const modeOf = (name: string) => (Object.hasOwn(overrides, name) ? 'exact' : mode);
  const planned = await dialect
    .planColumns(ask, sql, client, modeOf, session.server)
    .catch((error: unknown) => {
      if (!(error instanceof QueryError) || !/syntax/i.test(error.message)) throw error;
      // It can be prepared alone, but not as part of another statement.
      throw new QueryError('The query is not one SELECT that only reads.', {
        cause: error,
        hint: 'Ferry does not support SHOW, EXPLAIN, INSERT … RETURNING and similar; write a SELECT.',
      });
    });
  const columns = planned.map((plan, index) => {
    const target = typeOf(overrides, plan.name);
    const clientType = client[index]?.type ?? plan.type;
    const asText = dialect.asText(dialect.reference(names, index), clientType, plan.name);
    return target === undefined ? plan : overrideColumn(plan, target, asText);
  });
  const unwatched = columns.filter((plan) => plan.unwatched);
  return {
    columns,
    relation: await convertAtSource(session, sql, { columns, mode }),
    checks: [],
    converted: [{ query: sql, names, columns }],
    tableColumns: [],
    warnings: [
      ...warningsFor(columns),
      ...(unwatched.length > 0 ? [warnUnseen('the query', unwatched)] : []),
    ],
    mode,
    oneStatement: true,
  };
}

/** A type as the file has it: text instead of enums. */
const withoutEnums = (type: string) => type.replaceAll(/ENUM\((?:'(?:[^']|'')*'(?:, ?)?)*\)/g, 'VARCHAR');

/** DuckDB's own types that a file cannot have, and their equivalents. */
const sameInOtherWords: Readonly<Record<string, string>> = {
  TIMESTAMP_S: 'TIMESTAMP',
  TIMESTAMP_MS: 'TIMESTAMP',
  BIT: 'VARCHAR',
  BIGNUM: 'VARCHAR',
  INTERVAL: 'VARCHAR',
  'TIME WITH TIME ZONE': 'VARCHAR',
};

/**
 * No reader opens a decimal with more decimals than digits; Postgres has such decimals, and the client passes them on.
 */
function withReadableDecimals(plan: ColumnPlan): ColumnPlan {
  const type = plan.type.replaceAll(/DECIMAL\((\d+),(\d+)\)/g, (own, precision, scale) =>
    Number(scale) > Number(precision) ? `DECIMAL(${scale},${scale})` : own,
  );
  if (type === plan.type) return plan;
  const widest = Math.max(...Array.from(type.matchAll(/DECIMAL\((\d+),/g), ([, digits]) => Number(digits)));
  if (widest > MAX_DECIMAL_DIGITS) {
    throw new ExactnessError(
      `Column "${plan.name}" is a numeric with a negative scale, or with more than 38 decimals, which a duckdbQuery cannot read.`,
      { hint: 'Use `query` instead, so the source converts it; or select columns without this one.' },
    );
  }
  return {
    ...plan,
    type,
    inDuckdb: (value) => `CAST(${value} AS ${type})`,
    reason: `readers refuse ${plan.type}`,
  };
}

/** What a file loses of DuckDB's own types, alone or as a part of others. */
function lossOfComputed(type: string): ColumnPlan['loss'] {
  const always = true;
  if (/\bU?HUGEINT\b/.test(type)) return { always, text: 'written as DOUBLE: about 15 digits are kept' };
  if (/\bTIME WITH TIME ZONE\b/.test(type)) return { always, text: 'the offset is lost' };
  if (/\bINTERVAL\b/.test(type))
    return { always, text: 'microseconds are lost, and a negative one fails the run' };
  return undefined;
}

/** A column that DuckDB computed. */
function planComputed(name: string, clientType: string, mode: TypesMode): ColumnPlan {
  const type = withoutEnums(clientType);
  const plan = { name, sourceType: withoutLabels(clientType), type };
  if (/^(TIME_NS|VARIANT|UNION\(.*\))(\[\d*\])*$/s.test(type)) {
    throw new ExactnessError(`Column "${name}" (${withoutLabels(type)}) has a type that no file has.`, {
      hint: `Cast it in the query: ${quoteIdentifier(name)}::VARCHAR.`,
    });
  }
  const list = type.replaceAll(/"(?:[^"]|"")*"|\[\d+\]/g, (part) => (part.startsWith('"') ? part : '[]'));
  if (list !== type) {
    const { inDuckdb = (value: string) => value, ...rest } = planComputed(name, list, mode);
    return {
      ...rest,
      inDuckdb: (value, ...others) => inDuckdb(`CAST(${value} AS ${list})`, ...others),
      reason: 'a file has no lists of a fixed length',
    };
  }
  if (mode === 'compatible') {
    const loss = lossOfComputed(type);
    return withReadableDecimals({ ...plan, ...(loss ? { loss, reason: loss.text } : {}) });
  }
  const other = sameInOtherWords[type];
  if (other !== undefined) {
    const reason = `a file has no ${type.toLowerCase()} with all its values`;
    return { ...plan, type: other, inDuckdb: (value) => `CAST(${value} AS ${other})`, reason };
  }
  if (/\b(U?HUGEINT|INTERVAL|TIME WITH TIME ZONE)\b/.test(type) && !/^U?HUGEINT$/.test(type)) {
    throw new ExactnessError(`Column "${name}" (${type}) contains values that a file cannot hold.`, {
      hint: `Cast it in the query: ${quoteIdentifier(name)}::VARCHAR.`,
    });
  }
  if (/\bSTRUCT\((?:\w+|TIME(?:STAMP)? WITH TIME ZONE)[,()[]/.test(type)) {
    throw new ExactnessError(`Column "${name}" (${type}) contains several unnamed values.`, {
      hint: "Name them in the query: {'a': a, 'b': b} instead of (a, b).",
    });
  }
  if (!/^U?HUGEINT$/.test(type)) return plan;
  // DuckDB would write a DOUBLE: sum() of integers is one.
  const decimal = 'DECIMAL(38,0)';
  return {
    ...plan,
    type: decimal,
    inDuckdb: (value, _companion, refuse) => strictly(plan, value, decimal, refuse),
    reason: 'Parquet has no integers of 128 bits',
    refusal: {
      values: 'a number with more than 38 digits',
      hint: `Cast it in the query: ${quoteIdentifier(name)}::VARCHAR.`,
    },
  };
}

/** A column may be called `constructor`. */
const typeOf = (overrides: Readonly<Record<string, string>>, column: string) =>
  Object.hasOwn(overrides, column) ? overrides[column] : undefined;

/** A line for each column that always loses something, and one for all those that may. */
function warningsFor(columns: readonly ColumnPlan[]): string[] {
  const lossy = columns.flatMap(({ name, sourceType, loss }) =>
    loss ? [{ name, sourceType, ...loss }] : [],
  );
  const sometimes = Map.groupBy(
    lossy.filter(({ always }) => !always),
    ({ text }) => text,
  );
  return [
    ...lossy
      .filter(({ always }) => always)
      .map(({ name, sourceType, text }) => `Column "${name}" (${sourceType}): ${text}.`),
    ...[...sometimes].map(([text, group]) => {
      const names = group.map(({ name }) => `"${name}"`).join(', ');
      return `${group.length === 1 ? 'Column' : 'Columns'} ${names}: ${text}.`;
    }),
  ];
}
