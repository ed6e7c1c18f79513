import { realpath, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { closedDuckdbOptions } from '../duckdb/duckdb-options.ts';
import { openDuckdb } from '../duckdb/open-duckdb.ts';
import { runInterruptibly } from '../duckdb/run-interruptibly.ts';
import { quoteIdentifier, quoteLiteral } from '../duckdb/sql-text.ts';
import { ConfigError } from '../errors.ts';
import type { ComparisonSessionOptions } from './comparison-session.ts';

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
  try {
    await symlink(await realpath(csv), link);
    const rows = `read_csv(${quoteLiteral(link)}, all_varchar = true, header = true, allow_quoted_nulls = false)`;
    const names = (await ask(`DESCRIBE SELECT * FROM ${rows}`)).map(([column]) => String(column));
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
    throw new ConfigError(`${csv} cannot be read as CSV.`, {
      cause: error,
      hint: 'Expected UTF-8 text with the names of the columns in the first line. DuckDB’s own message may contain data, so it is not repeated here.',
    });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
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
