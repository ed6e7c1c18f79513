import { closest } from 'fastest-levenshtein';
import { ConfigError } from '../errors.ts';
import { createWorkspace } from '../runs/workspace.ts';
import { type CommonColumn, pairColumns } from './common-columns.ts';
import { compareByKey, type KeyedComparison } from './compare-by-key.ts';
import { ComparisonSession } from './comparison-session.ts';
import { countUnmatchedRows, countUnmatchedValues, type Unmatched } from './count-unmatched.ts';
import { type ParquetColumn, readColumns, tableOf } from './parquet-columns.ts';

export interface CompareOptions {
  /** Columns to join rows by. A text with commas names several, unless a column has exactly that name. */
  key?: readonly string[];
  /** How many differing cells to return, which requires a key. They are data. @default 0 */
  examples?: number;
  /** Where a folder for DuckDB's temporary files is created, and removed at the end. */
  workFolder: string;
  /** DuckDB's own limit, in bytes; more than that spills to the folder. The process takes up to 350 MB more. */
  memoryLimitBytes: number;
  threads: number;
  signal?: AbortSignal;
}

/** The differences of two Parquet files. */
export interface Comparison {
  /** Both the schemas and the rows are the same. */
  same: boolean;
  a: ComparedFile;
  b: ComparedFile;
  schema: {
    same: boolean;
    onlyInA: string[];
    onlyInB: string[];
    typeDiffers: string[];
    /** The common columns are in a different order. */
    orderDiffers: boolean;
  };
  /** Rows that the other file lacks, or has less often, by the common columns. Their order does not count. */
  rows: Unmatched & { same: boolean };
  /** The common columns in the order of A, each on its own. */
  columns: ComparedColumn[];
  /** Rows joined by the key, when one was given. */
  byKey?: KeyedComparison;
}

export interface ComparedFile {
  path: string;
  rows: number;
  /** In the file's order, with DuckDB's names of the types. */
  columns: Array<{ name: string; type: string }>;
}

/** The values of a column, without regard to their rows. */
export interface ComparedColumn {
  name: string;
  typeInA: string;
  typeInB: string;
  /** `value`, or what the values of both files were converted to (value-form.ts). */
  comparedAs: string;
  same: boolean;
  /** Values that the other file lacks, or has less often. NULL counts as a value. */
  onlyInA: number;
  onlyInB: number;
  nullsInA: number;
  nullsInB: number;
}

/**
 * Compares two Parquet files: their schemas, and their rows and columns as multisets. value-form.ts defines when two
 * values are the same. Column names are compared exactly, in upper and lower case. DuckDB reads TIME and TIMESTAMP WITH
 * TIME ZONE to the microsecond, so nanoseconds in these are not compared.
 *
 * @throws ConfigError when a file is missing or not a Parquet file, or a file lacks the key
 */
export async function compareParquet(a: string, b: string, options: CompareOptions): Promise<Comparison> {
  const { workFolder, memoryLimitBytes, threads, signal } = options;
  await using workspace = await createWorkspace(workFolder);
  const session = await ComparisonSession.open(
    { a, b },
    { folder: workspace.folder, memoryLimitBytes, threads, ...(signal ? { signal } : {}) },
  );
  try {
    const columnsA = await readColumns(session, 'a', a);
    const columnsB = await readColumns(session, 'b', b);
    const common = pairColumns(columnsA, columnsB);
    const key = findKey(options.key ?? [], common, { a: columnsA, b: columnsB });
    const tables = { a: tableOf(session, 'a', columnsA), b: tableOf(session, 'b', columnsB) };

    const [rowsInA, rowsInB] = [await countRows(session, tables.a), await countRows(session, tables.b)];
    const unmatched =
      common.length > 0
        ? await countUnmatchedRows(session, tables, common)
        : { onlyInA: rowsInA, onlyInB: rowsInB };
    const columns: ComparedColumn[] = [];
    for (const column of common) {
      const counts = await countUnmatchedValues(session, tables, column);
      columns.push({
        name: column.name,
        typeInA: column.type.a,
        typeInB: column.type.b,
        comparedAs: column.form.comparedAs,
        same: isNothing(counts),
        ...counts,
      });
    }
    const byKey =
      key.length > 0
        ? await compareByKey(session, tables, {
            key,
            others: common.filter((column) => !key.includes(column)),
            examples: options.examples ?? 0,
          })
        : undefined;

    const schema = compareSchemas(columnsA, columnsB, common);
    const rows = { same: isNothing(unmatched), ...unmatched };
    return {
      same: schema.same && rows.same,
      a: describeFile(a, rowsInA, columnsA),
      b: describeFile(b, rowsInB, columnsB),
      schema,
      rows,
      columns,
      ...(byKey ? { byKey } : {}),
    };
  } finally {
    session.close();
  }
}

const isNothing = ({ onlyInA, onlyInB }: Unmatched) => onlyInA === 0 && onlyInB === 0;

async function countRows(session: ComparisonSession, table: string): Promise<number> {
  const [[count] = []] = await session.ask(`SELECT count(*) FROM ${table}`);
  return Number(count);
}

function describeFile(path: string, rows: number, columns: readonly ParquetColumn[]): ComparedFile {
  return { path, rows, columns: columns.map(({ name, type }) => ({ name, type })) };
}

function compareSchemas(
  a: readonly ParquetColumn[],
  b: readonly ParquetColumn[],
  common: readonly CommonColumn[],
): Comparison['schema'] {
  const names = new Set(common.map(({ name }) => name));
  const notCommon = (columns: readonly ParquetColumn[]) =>
    columns.map(({ name }) => name).filter((name) => !names.has(name));
  const orderInB = b.map(({ name }) => name).filter((name) => names.has(name));
  const differences = {
    onlyInA: notCommon(a),
    onlyInB: notCommon(b),
    typeDiffers: common.filter(({ type }) => type.a !== type.b).map(({ name }) => name),
    orderDiffers: common.some(({ name }, index) => orderInB[index] !== name),
  };
  const { orderDiffers, ...lists } = differences;
  return { same: !orderDiffers && Object.values(lists).every((list) => list.length === 0), ...differences };
}

function findKey(
  texts: readonly string[],
  common: readonly CommonColumn[],
  columns: { a: readonly ParquetColumn[]; b: readonly ParquetColumn[] },
): CommonColumn[] {
  const byName = new Map(common.map((column) => [column.name, column]));
  const names = new Set(texts.flatMap((text) => (byName.has(text) ? [text] : text.split(','))));
  return [...names].map((name) => {
    const column = byName.get(name);
    if (column) return column;
    const lacking = (['a', 'b'] as const)
      .filter((side) => !columns[side].some((each) => each.name === name))
      .map((side) => side.toUpperCase());
    const near = common.length > 0 ? closest(name, [...byName.keys()]) : undefined;
    throw new ConfigError(`The key's column ${JSON.stringify(name)} is not in ${lacking.join(' and ')}.`, {
      hint:
        near === undefined
          ? 'The files have no column in common.'
          : `The key's columns must be in both files. Did you mean ${JSON.stringify(near)}?`,
    });
  });
}
