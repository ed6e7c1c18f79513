import { batchesOf } from '../batches.ts';
import { type CommonColumn, formOf } from './common-columns.ts';
import type { ComparisonSession, Side } from './comparison-session.ts';
import { hashOfCell, type Tables } from './fingerprint.ts';

/** What the comparison of rows with the same key found. */
export interface KeyedComparison {
  columns: string[];
  /** Rows whose key occurs once in each file: their values were compared. */
  rowsCompared: number;
  /** Rows whose key the other file does not have. */
  rowsOnlyInA: number;
  rowsOnlyInB: number;
  /** Keys that occur more than once in a file, and their rows. These are not paired. */
  repeated: { keys: number; rowsInA: number; rowsInB: number };
  /** Each common column that is not part of the key. */
  differences: Array<{
    column: string;
    rows: number;
    /** How many of these are two floating-point numbers that differ only in the last digits. */
    byRounding?: number;
  }>;
  /** The first differing cells by key, then by column: values as DuckDB's text, NULL as null. */
  examples: Example[];
  /** The keys of the first rows that only one file has, by key: first those of A. */
  unmatched: Array<{ key: Array<string | null>; onlyIn: 'A' | 'B' }>;
}

/** A cell that differs. */
export interface Example {
  /** Values of the key in A, in the order of its columns. */
  key: Array<string | null>;
  column: string;
  a: string | null;
  b: string | null;
}

/** Columns that are read and compared at a time: pages of a text column take about 10 MB for each thread. */
const COLUMNS_AT_ONCE = 8;

/**
 * Joins the rows of both files by a key and compares their values. NULL is a key like any other.
 *
 * @param examples how many differing cells to return, and how many keys that only one file has, of each
 */
export async function compareByKey(
  session: ComparisonSession,
  tables: Tables,
  { key, others, examples }: { key: CommonColumn[]; others: CommonColumn[]; examples: number },
): Promise<KeyedComparison> {
  const keys = await countKeys(session, tables, key);
  const unmatched = [
    ...(keys.rowsOnlyInA > 0
      ? await findUnmatched(session, tables, { key, side: 'a', limit: examples })
      : []),
    ...(keys.rowsOnlyInB > 0
      ? await findUnmatched(session, tables, { key, side: 'b', limit: examples })
      : []),
  ];
  await session.ask('DROP TABLE irregular');
  const differences: KeyedComparison['differences'] = [];
  for (const columns of batchesOf(others, COLUMNS_AT_ONCE)) {
    differences.push(...(await countDifferences(session, tables, key, columns)));
  }
  const differing = others.filter((_, index) => (differences[index]?.rows ?? 0) > 0);
  return {
    columns: key.map(({ name }) => name),
    ...keys,
    differences,
    examples:
      examples > 0 && differing.length > 0
        ? await findExamples(session, tables, key, differing, examples)
        : [],
    unmatched,
  };
}

/** The keys of the first rows whose key the other file does not have: values as DuckDB's text. */
async function findUnmatched(
  session: ComparisonSession,
  tables: Tables,
  { key, side, limit }: { key: readonly CommonColumn[]; side: Side; limit: number },
): Promise<KeyedComparison['unmatched']> {
  if (limit === 0) return [];
  const own = key.map(({ column }, index) => `${column[side]} AS own${index}`);
  const rows = await session.ask(
    `SELECT ${key.map((_, index) => `CAST(own${index} AS VARCHAR)`).join(', ')}
     FROM (SELECT ${forms(key, side)}, ${own.join(', ')} FROM ${tables[side]}) AS one
     SEMI JOIN (FROM irregular WHERE ${side === 'a' ? 'b' : 'a'} = 0) AS lone ON ${on(key, 'one', 'lone')}
     ORDER BY ${key.map((_, index) => `own${index}`).join(', ')} LIMIT ${limit}`,
  );
  const onlyIn = side === 'a' ? 'A' : 'B';
  return (rows as Array<Array<string | null>>).map((values) => ({ key: values, onlyIn }));
}

/**
 * Counts rows by what happens to their key, and puts the keys that cannot be joined one to one into the tables
 * `irregular`, and of these those of both files into `repeated`.
 */
async function countKeys(
  session: ComparisonSession,
  tables: Tables,
  key: readonly CommonColumn[],
): Promise<Pick<KeyedComparison, 'rowsCompared' | 'rowsOnlyInA' | 'rowsOnlyInB' | 'repeated'>> {
  const select = (side: Side) => `SELECT ${forms(key, side)}, ${side === 'a'} AS in_a FROM ${tables[side]}`;
  await session.ask(
    `CREATE TEMP TABLE irregular AS
     SELECT ${namesOf(key)}, count(*) FILTER (in_a) AS a, count(*) FILTER (NOT in_a) AS b
     FROM (${select('a')} UNION ALL ${select('b')})
     GROUP BY ${namesOf(key)}
     HAVING a <> 1 OR b <> 1`,
  );
  const [counts = []] = await session.ask(
    `SELECT (SELECT count(*) FROM ${tables.a}) - coalesce(sum(a), 0), sum(a) FILTER (b = 0), sum(b) FILTER (a = 0),
       count(*) FILTER (a > 1 OR b > 1), sum(a) FILTER (a > 1 OR b > 1), sum(b) FILTER (a > 1 OR b > 1)
     FROM irregular`,
  );
  await session.ask('CREATE TEMP TABLE repeated AS FROM irregular WHERE a > 0 AND b > 0');
  const [rowsCompared = 0, rowsOnlyInA = 0, rowsOnlyInB = 0, keys = 0, rowsInA = 0, rowsInB = 0] = counts.map(
    (count) => Number(count ?? 0),
  );
  return { rowsCompared, rowsOnlyInA, rowsOnlyInB, repeated: { keys, rowsInA, rowsInB } };
}

async function countDifferences(
  session: ComparisonSession,
  tables: Tables,
  key: readonly CommonColumn[],
  columns: readonly CommonColumn[],
): Promise<KeyedComparison['differences']> {
  const counts = columns.map(
    (_, index) => `count(*) FILTER (differs${index}), count(*) FILTER (differs${index} AND rounds${index})`,
  );
  const [row = []] = await session.ask(
    `SELECT ${counts.join(', ')} FROM (${pairRows(tables, key, columns)})`,
  );
  return columns.map(({ name, form }, index) => ({
    column: name,
    rows: Number(row[2 * index]),
    ...(form.rounding === undefined ? {} : { byRounding: Number(row[2 * index + 1]) }),
  }));
}

/**
 * A query for the keys that occur once in each file. k0, k1 … are their forms; own0, own1 … their values in A;
 * differs0, differs1 … say whether the columns differ; rounds0, rounds1 … whether they differ by rounding only.
 */
function pairRows(tables: Tables, key: readonly CommonColumn[], columns: readonly CommonColumn[]): string {
  const select = (side: Side) => {
    const cells = columns.flatMap((column, index) => [
      `${hashOfCell(column, side)} AS hash${index}`,
      ...(column.form.rounding === undefined
        ? []
        : [`TRY_CAST(${formOf(column, side)} AS DOUBLE) AS number${index}`]),
    ]);
    const own = key.map(({ column }, index) => `${column[side]} AS own${index}`);
    return `SELECT ${[forms(key, side), ...own, ...cells].join(', ')} FROM ${tables[side]}`;
  };
  const results = columns.flatMap(({ form }, index) => [
    `a.hash${index} <> b.hash${index} AS differs${index}`,
    `${form.rounding === undefined ? 'false' : isRounding(`number${index}`, form.rounding)} AS rounds${index}`,
  ]);
  // Repeated keys are removed first: a join would pair all of their rows with each other.
  const keys = key.flatMap((_, index) => [`a.k${index}`, `a.own${index}`]);
  return `SELECT ${[...keys, ...results].join(', ')}
    FROM (FROM (${select('a')}) AS a ANTI JOIN repeated ON ${on(key, 'a', 'repeated')}) AS a
    JOIN (${select('b')}) AS b ON ${on(key, 'a', 'b')}`;
}

/** Whether two numbers are next to each other. */
function isRounding(number: string, share: number): string {
  const [a, b] = [`a.${number}`, `b.${number}`];
  return `(isfinite(${a}) AND isfinite(${b}) AND abs(${a} - ${b}) <= ${share} * abs(${a}))`;
}

async function findExamples(
  session: ComparisonSession,
  tables: Tables,
  key: readonly CommonColumn[],
  columns: readonly CommonColumn[],
  limit: number,
): Promise<Example[]> {
  // By A's own values: 10 comes after 9 even where B has text.
  const order = key.map((_, index) => `own${index}`).join(', ');
  for (const [place, column] of columns.entries()) {
    const query = `SELECT ${namesOf(key)}, ${order}, ${place} AS place FROM (${pairRows(tables, key, [column])})
      WHERE differs0 ORDER BY ${order} LIMIT ${limit}`;
    await session.ask(place === 0 ? `CREATE TEMP TABLE found AS ${query}` : `INSERT INTO found ${query}`);
  }
  await session.ask(
    `CREATE TEMP TABLE example AS
     SELECT row_number() OVER (ORDER BY ${order}, place) AS rank, * FROM found QUALIFY rank <= ${limit}`,
  );
  const examples = new Map<number, Example>();
  for (const [place, column] of columns.entries()) {
    const select = (side: Side) =>
      `(SELECT ${forms(key, side)}, ${[column, ...key].map((each, index) => `CAST(${each.column[side]} AS VARCHAR) AS t${index}`).join(', ')} FROM ${tables[side]}) AS ${side}`;
    const rows = await session.ask(
      `SELECT rank, a.t0, b.t0, ${key.map((_, index) => `a.t${index + 1}`).join(', ')}
       FROM example JOIN ${select('a')} ON ${on(key, 'example', 'a')} JOIN ${select('b')} ON ${on(key, 'example', 'b')} WHERE place = ${place}`,
    );
    for (const [rank, a, b, ...values] of rows as Array<Array<string | null>>)
      examples.set(Number(rank), { key: values, column: column.name, a: a ?? null, b: b ?? null });
  }
  return [...examples.entries()].sort(([one], [other]) => one - other).map(([, example]) => example);
}

function forms(key: readonly CommonColumn[], side: Side): string {
  return key.map((column, index) => `${formOf(column, side)} AS k${index}`).join(', ');
}

function namesOf(key: readonly CommonColumn[]): string {
  return key.map((_, index) => `k${index}`).join(', ');
}

function on(key: readonly CommonColumn[], left: string, right: string): string {
  return key.map((_, index) => `${left}.k${index} IS NOT DISTINCT FROM ${right}.k${index}`).join(' AND ');
}
