import { access } from 'node:fs/promises';
import { createWorkspace } from '../runs/workspace.ts';
import { type CompareOptions, type Comparison, compareParquet } from './compare-parquet.ts';
import { csvAsParquet, isCsv } from './csv-as-parquet.ts';

/**
 * Compares two files, each Parquet or CSV, as {@link compareParquet} does.
 *
 * @throws ConfigError when a file is missing, or not of its kind, or a file lacks the key
 */
export async function compareFiles(a: string, b: string, options: CompareOptions): Promise<Comparison> {
  if (!isCsv(a) && !isCsv(b)) return compareParquet(a, b, options);
  await using workspace = await createWorkspace(options.workFolder);
  const { folder } = workspace;
  const toParquet = async (path: string, other: string, name: string) => {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    // What is missing is reported as for other files.
    if (!isCsv(path) || !isThere) return path;
    return csvAsParquet(path, isCsv(other) ? undefined : other, { ...options, folder, name });
  };
  const [first, second] = [await toParquet(a, b, 'a'), await toParquet(b, a, 'b')];
  const comparison = await compareParquet(first, second, options);
  return { ...comparison, a: { ...comparison.a, path: a }, b: { ...comparison.b, path: b } };
}
