import { formatCount } from '../../shared/text/format.ts';
import type { Output } from './output.ts';

/** How often a line is printed without a terminal, so that a log shows progress. */
const LINE_MS = 10_000;

/**
 * Shows the progress through many things of a kind, such as `12 of 300 databases`: on a terminal in a line that is
 * updated, else as a line every ten seconds. Prints nothing for a single one.
 */
export function createCounter(
  output: Output,
  unit: string,
): {
  begin: (all: readonly unknown[]) => void;
  count: () => void;
  /** Makes room for other output, until the next count. */
  clear: () => void;
  end: () => void;
} {
  const live = output.isTTY === true;
  let [total, done, last] = [0, 0, performance.now()];
  const clear = () => {
    if (live && total > 1) output.write('\r\x1b[K');
  };
  const draw = () => {
    if (total < 2 || done === total) return;
    const text = `  ${formatCount(done)} of ${formatCount(total, unit)} …`;
    if (live) output.write(`\r\x1b[K${text}`);
    else if (performance.now() - last >= LINE_MS) {
      last = performance.now();
      output.write(`${text}\n`);
    }
  };
  return {
    begin(all) {
      total = all.length;
      draw();
    },
    count() {
      done += 1;
      draw();
    },
    clear,
    end: clear,
  };
}
