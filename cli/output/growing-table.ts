import stringWidth from 'string-width';
import { type Output, padRow } from './output.ts';

/**
 * A table whose rows are printed as they come. Columns start as wide as what is known beforehand, and grow with what
 * comes; the last one is never padded.
 */
export function createTable(
  output: Output,
  header: readonly string[],
  rightAligned: readonly number[],
): {
  /** Prints the header. @param expected cells of rows to come, as far as they are known */
  begin: (expected: readonly (readonly string[])[]) => void;
  add: (rows: readonly (readonly string[])[]) => void;
} {
  const widths = header.map((cell) => stringWidth(cell));
  const widen = (rows: readonly (readonly string[])[]) => {
    for (const row of rows) {
      for (const [column, cell] of row.entries())
        widths[column] = Math.max(widths[column] ?? 0, stringWidth(cell));
    }
  };
  const print = (row: readonly string[]) => output.write(`${padRow(row, widths, rightAligned)}\n`);
  return {
    begin(expected) {
      widen(expected);
      print(header);
    },
    add(rows) {
      widen(rows);
      for (const row of rows) print(row);
    },
  };
}
