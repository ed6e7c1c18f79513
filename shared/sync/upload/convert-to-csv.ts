import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { closedDuckdbOptions, type DuckdbLimits } from '../../duckdb/duckdb-options.ts';
import { exhaustedResource } from '../../duckdb/exhausted-resource.ts';
import { openDuckdb } from '../../duckdb/open-duckdb.ts';
import { runInterruptibly } from '../../duckdb/run-interruptibly.ts';
import { quoteIdentifier, quoteLiteral } from '../../duckdb/sql-text.ts';
import { watchSize } from '../../duckdb/watch-size.ts';
import { ExactnessError, fullDiskError, QueryError } from '../../errors.ts';
import { makeFolder } from '../../make-folder.ts';
import { refusalMarker, refusedColumn } from '../../source/column-plan.ts';
import { csvFormOf } from './csv-form.ts';

export interface CsvOptions extends DuckdbLimits {
  signal?: AbortSignal | undefined;
  /** Called with the number of bytes written so far. */
  onProgress?: (bytes: number) => void;
}

/** A column of the file, ready to be written. */
interface CsvColumn {
  name: string;
  type: string;
  text: string;
  quoted: boolean;
  /** The values that are refused, after "holds". */
  refused: string;
}

/**
 * Writes a Parquet file again as CSV: UTF-8, a header, RFC 4180 except for lines that end in `\n`, rows in the same
 * order. NULL is empty, an empty text is a pair of quotes. Memory does not grow with the file.
 *
 * @param options.folder the run's private folder, which will contain the CSV file
 * @throws ExactnessError that names the column of a value without a form in CSV; StorageUnavailableError, QueryError
 */
export async function convertToCsv(
  parquet: string,
  options: CsvOptions,
): Promise<{ file: string; bytes: number }> {
  const folder = join(options.folder, 'csv');
  const output = join(folder, 'out');
  // A retry starts again.
  await rm(folder, { recursive: true, force: true });
  await makeFolder(output, { mode: 0o700 });
  const file = join(output, 'result.csv');
  // One thread keeps the rows in their order without keeping them in memory.
  const settings = await closedDuckdbOptions({ ...options, folder, threads: 1 });
  const instance = await openDuckdb(settings);
  try {
    const connection = await instance.connect();
    // The zone in which a timestamp with a zone is written.
    await connection.run("SET TimeZone='UTC'");
    await connection.run(`SET allowed_paths=[${quoteLiteral(parquet)}]`);
    await connection.run(`SET allowed_directories=[${quoteLiteral(`${output}/`)}]`);
    await connection.run('SET enable_external_access=false');
    await connection.run('SET lock_configuration=true');
    const watch = watchSize(output, options.onProgress ?? (() => {}));
    let columns: CsvColumn[] = [];
    try {
      await runInterruptibly(connection, options.signal, async () => {
        columns = await readColumns(connection, parquet);
        await connection.run(copyStatement(columns, parquet, file));
      });
    } catch (error) {
      options.signal?.throwIfAborted();
      throw explain(error, columns);
    } finally {
      watch.stop();
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
  return { file, bytes: (await stat(file)).size };
}

/** Without the folder names, which DuckDB would turn into columns. */
const rowsOf = (parquet: string) => `read_parquet(${quoteLiteral(parquet)}, hive_partitioning = false)`;

async function readColumns(connection: DuckDBConnection, parquet: string): Promise<CsvColumn[]> {
  const reader = await connection.runAndReadAll(`SELECT * FROM ${rowsOf(parquet)} LIMIT 0`);
  const names = reader.columnNames();
  assertNoMark(names[0] ?? '');
  return reader.columnTypes().map((type, index) => {
    const name = names[index] ?? '';
    const refuse = `error('${refusalMarker(index)}')`;
    const form = csvFormOf(quoteIdentifier(name), type, refuse);
    if (!form) throw withoutForm(name, `is of type ${type}, which cannot be written as CSV`);
    const column = { name, type: String(type), quoted: form.quoted };
    if (names.length > 1) return { ...column, text: form.text, refused: form.refused ?? '' };
    // The row would be an empty line, which readers skip.
    const refused = [form.refused, 'NULL, which in a CSV file with one column looks like an empty line'];
    return {
      ...column,
      text: `COALESCE(${form.text}, ${refuse})`,
      refused: refused.filter((values) => values !== undefined).join('; or '),
    };
  });
}

/** The header begins the file, where readers take a U+FEFF for a byte-order mark. */
function assertNoMark(name: string): void {
  if (!name.startsWith('\uFEFF')) return;
  throw new ExactnessError(
    `The name of column "${name}" begins with U+FEFF, which readers drop at the beginning of a CSV file. Nothing was uploaded.`,
    { hint: 'Give the column another name in the query, or select another column before it.' },
  );
}

function copyStatement(columns: readonly CsvColumn[], parquet: string, file: string): string {
  const values = columns.map(({ name, text }) => `${text} AS ${quoteIdentifier(name)}`);
  const quoted = columns.filter((column) => column.quoted).map(({ name }) => quoteIdentifier(name));
  const options = [
    'FORMAT csv',
    'HEADER',
    "DELIMITER ','",
    `QUOTE '"'`,
    `ESCAPE '"'`,
    "NULLSTR ''",
    ...(quoted.length > 0 ? [`FORCE_QUOTE (${quoted.join(', ')})`] : []),
  ];
  return `COPY (SELECT ${values.join(', ')} FROM ${rowsOf(parquet)}) TO ${quoteLiteral(file)} (${options.join(', ')})`;
}

function withoutForm(name: string, what: string, cause?: unknown): ExactnessError {
  return new ExactnessError(`Column "${name}" ${what}. Nothing was uploaded.`, {
    cause,
    hint: `Cast it to text in the query, replace the value there, or remove format: csv from the target.`,
  });
}

function explain(cause: unknown, columns: readonly CsvColumn[]): Error {
  if (cause instanceof ExactnessError) return cause;
  const message = cause instanceof Error ? cause.message : '';
  const column = columns[refusedColumn(message) ?? -1];
  if (column) return withoutForm(column.name, `(${column.type}) contains ${column.refused}`, cause);
  const exhausted = exhaustedResource(cause);
  if (exhausted === 'disk') {
    return fullDiskError(
      cause,
      'A target with format: csv needs room for the Parquet file and the CSV file, which is several times bigger. Give the run a bigger disk (on Lambda: ephemeral storage).',
    );
  }
  return new QueryError('The result could not be written as CSV.', {
    cause,
    hint:
      exhausted === 'memory'
        ? 'It needs more memory than DuckDB may use: select fewer columns, or give the run more memory.'
        : 'DuckDB’s own message may contain data, so it is not repeated here.',
  });
}
