import { describe, expect, it } from 'vitest';
import { createProgressPrinter } from '../../../cli/progress.ts';

/** What is printed for a run that waits after two others, then after one, and gets its slot. */
function printQueued(isTTY: boolean): string {
  let text = '';
  const output = {
    isTTY,
    write: (part: string) => {
      text += part;
      return true;
    },
  };
  const printer = createProgressPrinter(output, true);
  for (const before of [2, 1]) printer.onEvent({ type: 'queued', source: 'erp', slots: 4, before });
  printer.onEvent({ type: 'phase-ended', phase: 'queued', durationMs: 12_300 });
  printer.end();
  return text;
}

describe('progress of a run that waits for its source', () => {
  it('is one line in a file', () => {
    expect(printQueued(false)).toBe(
      '  waiting for one of 4 slots of source erp, 2 runs before this one …\n  queued            12.3 s\n',
    );
  });

  it('is a line that changes on a terminal', () => {
    const lines = printQueued(true).split('\r\x1b[K');
    expect(lines.map((line) => line.trim())).toEqual([
      '',
      'waiting for one of 4 slots of source erp, 2 runs before this one …',
      'waiting for one of 4 slots of source erp, 1 run before this one …',
      'queued            12.3 s',
    ]);
  });
});
