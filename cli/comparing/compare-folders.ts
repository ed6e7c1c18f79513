import { compareFiles } from '../../shared/compare/compare-files.ts';
import type { CompareOptions, Comparison } from '../../shared/compare/compare-parquet.ts';
import { type FilePair, pairFiles } from '../../shared/compare/pair-files.ts';
import { toFerryError } from '../../shared/errors.ts';
import { formatCount } from '../../shared/text/format.ts';
import { printable, printableMessage } from '../../shared/text/printable.ts';
import { describeDifferences } from '../output/comparison-report.ts';
import { createTable } from '../output/growing-table.ts';
import type { Output } from '../output/output.ts';

/** What became of one pair of files. */
type Compared = { name: string } & (
  | { comparison: Comparison }
  | { onlyIn: 'a' | 'b' }
  | { error: { class: string; message: string; hint?: string } }
);

/**
 * Compares the files of two folders that have the same name, one line each. A file that cannot be compared does not end
 * it.
 *
 * @returns whether both folders have the same files with the same content
 */
export async function compareFolders(
  a: string,
  b: string,
  { output, isJson, ...options }: CompareOptions & { output: Output; isJson: boolean },
): Promise<boolean> {
  const pairs = await pairFiles(a, b);
  const table = createTable(output, ['FILE', 'ROWS IN A', 'ROWS IN B', 'RESULT'], [1, 2]);
  if (!isJson) table.begin(pairs.map(({ name }) => [printable(name)]));
  const all: Compared[] = [];
  for (const pair of pairs) {
    options.signal?.throwIfAborted();
    const compared = await comparePair(pair, options);
    all.push(compared);
    if (!isJson) table.add([rowOf(compared)]);
  }
  const same = all.filter((one) => 'comparison' in one && one.comparison.same).length;
  if (isJson) {
    const files = all.map((one) => ('comparison' in one ? { name: one.name, ...one.comparison } : one));
    output.write(`${JSON.stringify({ same: same === all.length, files }, null, 2)}\n`);
  } else
    output.write(
      `\n${formatCount(same)} of ${formatCount(all.length, 'file')} ${same === 1 ? 'is' : 'are'} the same.\n`,
    );
  return same === all.length;
}

async function comparePair({ name, a, b }: FilePair, options: CompareOptions): Promise<Compared> {
  if (a === undefined || b === undefined) return { name, onlyIn: a === undefined ? 'b' : 'a' };
  try {
    return { name, comparison: await compareFiles(a, b, options) };
  } catch (error) {
    options.signal?.throwIfAborted();
    const { class: kind, message, hint } = toFerryError(error);
    return { name, error: { class: kind, message, ...(hint === undefined ? {} : { hint }) } };
  }
}

function rowOf(compared: Compared): string[] {
  const name = printable(compared.name);
  if ('onlyIn' in compared) return [name, '', '', `only in ${compared.onlyIn.toUpperCase()}`];
  if ('error' in compared) return [name, '', '', printableMessage(`not compared: ${compared.error.message}`)];
  const { comparison } = compared;
  const counts = [comparison.a.rows, comparison.b.rows].map((rows) => formatCount(rows));
  return [name, ...counts, comparison.same ? 'same' : describeDifferences(comparison)];
}
