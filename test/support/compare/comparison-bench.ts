import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { type CompareOptions, compareParquet } from '../../../shared/compare/compare-parquet.ts';
import { type FerryResult, runFerry } from '../cli/ferry-command.ts';

const defaults: CompareOptions = { workFolder: tmpdir(), memoryLimitBytes: 500_000_000, threads: 2 };

export type ComparisonBench = Awaited<ReturnType<typeof startComparisonBench>>;

/** A folder with Parquet files, and what compares them. */
export async function startComparisonBench() {
  const folder = await mkdtemp(join(tmpdir(), 'ferry compare ü '));
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  await connection.run("SET TimeZone='UTC'");

  /** Writes the result of a query to a Parquet file and returns its path. */
  async function write(query: string, name = 'file.parquet', options = ''): Promise<string> {
    const path = join(await mkdtemp(join(folder, 'files-')), name);
    await connection.run(`COPY (${query}) TO '${path.replaceAll("'", "''")}' (FORMAT parquet${options})`);
    return path;
  }

  const compareFiles = (a: string, b: string, options: Partial<CompareOptions> = {}) =>
    compareParquet(a, b, { ...defaults, workFolder: temporary, ...options });

  return {
    folder,
    temporary,
    connection,
    write,
    compareFiles,

    /** Compares the results of two queries. */
    compare: async (a: string, b: string, options: Partial<CompareOptions> = {}) =>
      compareFiles(await write(a), await write(b), options),

    /** Runs `ferry compare` where the files are, and reports what it left in the folder for temporary files. */
    async ferryCompare(...args: string[]): Promise<FerryResult & { leftovers: string[] }> {
      const result = await runFerry(['compare', ...args], { folder, environment: { TMPDIR: temporary } });
      return { ...result, leftovers: await readdir(temporary) };
    },

    async stop() {
      connection.closeSync();
      instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
