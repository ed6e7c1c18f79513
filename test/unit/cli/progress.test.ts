import { describe, expect, it } from 'vitest';
import { createProgressPrinter } from '../../../cli/output/progress.ts';
import type { ProgressEvent } from '../../../shared/runs/job.ts';

function printEvents(isTTY: boolean, events: readonly ProgressEvent[]): string {
  let text = '';
  const output = {
    isTTY,
    write: (part: string) => {
      text += part;
      return true;
    },
  };
  const printer = createProgressPrinter(output, true);
  for (const event of events) printer.onEvent(event);
  printer.end();
  return text;
}

/** What is printed for a run that waits after two others, then after one, and gets its slot. */
const printQueued = (isTTY: boolean) =>
  printEvents(isTTY, [
    ...[2, 1].map((before) => ({ type: 'queued', source: 'erp', slots: 4, before }) as const),
    { type: 'phase-ended', phase: 'queued', durationMs: 12_300 },
  ]);

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

describe('progress of a run with many databases', () => {
  it('has its times aligned from the longest name on, however wide its letters are', () => {
    const ended = (phase: string): ProgressEvent => ({ type: 'phase-ended', phase, durationMs: 1_000 });
    const names = ['prepare', 'stadt/ämter_und_behörden', 'stadt/📦', 'publish'];
    expect(printEvents(false, names.map(ended)).split('\n')).toEqual([
      '  prepare           1.00 s',
      '  stadt/ämter_und_behörden      1.00 s',
      '  stadt/📦                      1.00 s',
      '  publish                       1.00 s',
      '',
    ]);
  });

  it('also shows what goes wrong between two phases', () => {
    const fact = 'hr failed: The secret ferry/hr was not found on this machine.';
    expect(printEvents(false, [{ type: 'phase-noted', phase: undefined, fact }])).toBe(`    ${fact}\n`);
  });
});
