import { realpath, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { closedDuckdbOptions } from '../duckdb/duckdb-options.ts';
import { openDuckdb } from '../duckdb/open-duckdb.ts';
import { runInterruptibly } from '../duckdb/run-interruptibly.ts';
import { quoteIdentifier, quoteLiteral } from '../duckdb/sql-text.ts';
import { ConfigError } from '../errors.ts';
import { formatCount } from '../text/format.ts';
import type { ComparisonSessionOptions } from './comparison-session.ts';
import { readCsvHeader } from './read-csv-header.ts';

/** Whether a file is compared as CSV, by its name. */
export const isCsv = (path: string) => /\.(csv|tsv)(\.gz)?$/i.test(path);

/**
 * Writes the rows of a CSV file as Parquet. A CSV file has no types: a column gets the type that it has in the other
 * file, if all of its values can be read as that, else it stays text. An empty field is NULL, `""` an empty text.
 *
 * @param other a Parquet file with the types, if there is one
 * @returns the path of the new file, in the folder of the options
 * @throws ConfigError when it is no CSV file with the names of its columns in the first line
 */
export async function csvAsParquet(
  csv: string,
  other: string | undefined,
  options: ComparisonSessionOptions & { name: string },
): Promise<string> {
  const { folder, name, signal } = options;
  const target = join(folder, `${name}-from-csv.parquet`);
  // DuckDB expands *, ? and [ in a path, and tells a compressed file by its name.
  const link = join(folder, `${name}.csv${/\.gz$/i.test(csv) ? '.gz' : ''}`);
  const instance = await openDuckdb(await closedDuckdbOptions(options));
  const connection = await instance.connect();
  const ask = async (sql: string) =>
    (await runInterruptibly(connection, signal, () => connection.runAndReadAll(sql))).getRowsJS();
  let columnCount = 0;
  try {
    const { names, delimiter } = await readCsvHeader(csv, signal);
    columnCount = names.length;
    await symlink(await realpath(csv), link);
    // Nothing is guessed and nothing is let pass: a file with a damaged line would be read as another table.
    const columns = names.map((column) => `${quoteLiteral(column)}: 'VARCHAR'`).join(', ');
    const rows = `read_csv(${quoteLiteral(link)}, auto_detect = false, columns = {${columns}}, delim = ${quoteLiteral(delimiter)}, quote = '"', escape = '"', header = true, strict_mode = true, allow_quoted_nulls = false)`;
    const types =
      other === undefined ? new Map<string, string>() : await typesOf(connection, ask, folder, other);
    const casts: string[] = [];
    for (const column of names) {
      const quoted = quoteIdentifier(column);
      const type = types.get(column);
      const fits =
        type !== undefined &&
        (
          await ask(
            `SELECT 1 FROM ${rows} WHERE ${quoted} IS NOT NULL AND TRY_CAST(${quoted} AS ${type}) IS NULL LIMIT 1`,
          )
        ).length === 0;
      casts.push(fits ? `CAST(${quoted} AS ${type}) AS ${quoted}` : quoted);
    }
    await ask(`COPY (SELECT ${casts.join(', ')} FROM ${rows}) TO ${quoteLiteral(target)} (FORMAT parquet)`);
    return target;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ConfigError) throw error;
    throw explainCsvError(csv, columnCount, error);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** @returns what is wrong with the file, and in which line. DuckDB's own message quotes the line, which is data. */
function explainCsvError(csv: string, columns: number, error: unknown): ConfigError {
  const text = error instanceof Error ? error.message : '';
  const line = /CSV Error on Line: (\d+)/.exec(text)?.[1];
  const found = /Expected Number of Columns: \d+ Found: (\d+)/.exec(text)?.[1];
  const why = text.includes('unterminated quote')
    ? 'has a quote (") that is never closed, or text behind a closing one'
    : text.includes('not utf-8')
      ? 'is not UTF-8'
      : text.includes('Maximum line size')
        ? 'is longer than 2 MB'
        : found !== undefined &&
          `has ${formatCount(Number(found), 'field')}, and the first line names ${columns}`;
  const what =
    line !== undefined && why
      ? `line ${line} ${why}`
      : text.includes('invalid state')
        ? 'its lines do not all end in the same way (LF or CR LF)'
        : undefined;
  return new ConfigError(`${csv} cannot be read as CSV${what === undefined ? '' : `: ${what}`}.`, {
    cause: error,
    hint:
      line === undefined
        ? 'Expected UTF-8 text with the names of the columns in the first line, and quotes (") around values that need them.'
        : 'A value with line ends in it counts as part of one line. A value that contains the separator, a quote or a line end stands in quotes, and a quote in it is doubled.',
  });
}

/** The types of the columns of a Parquet file that a text may be read as; nested ones have no form in CSV. */
async function typesOf(
  connection: DuckDBConnection,
  ask: (sql: string) => Promise<unknown[][]>,
  folder: string,
  path: string,
): Promise<Map<string, string>> {
  const link = join(folder, 'types.parquet');
  await symlink(await realpath(path), link);
  await connection.run("SET TimeZone='UTC'");
  const described = await ask(`DESCRIBE SELECT * FROM read_parquet(${quoteLiteral(link)})`);
  const plain = described.filter(
    ([, type]) => !/[[(]|^(VARCHAR|BLOB)$/.test(String(type).replace(/^DECIMAL\(.*\)$/, 'DECIMAL')),
  );
  return new Map(plain.map(([name, type]) => [String(name), String(type)]));
}
