import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgressPrinter } from '../../../../cli/output/progress.ts';
import type { ProgressEvent } from '../../../../shared/runs/job.ts';

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

describe('long phases', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  /** What is printed for events that happen so many seconds after one another. */
  const printOver = (isTTY: boolean, events: readonly [seconds: number, event: ProgressEvent][]) => {
    let text = '';
    const printer = createProgressPrinter({ isTTY, write: (part) => (text += part) }, true);
    for (const [seconds, event] of events) {
      vi.advanceTimersByTime(seconds * 1_000);
      printer.onEvent(event);
    }
    printer.end();
    return text;
  };
  const moved = (rows: number): ProgressEvent => ({
    type: 'phase-progressed',
    phase: 'export',
    rows,
    bytes: rows * 10,
  });
  const exporting: [number, ProgressEvent][] = [
    [0, { type: 'phase-started', phase: 'export' }],
    [10, moved(1_000_000)],
    [21, moved(2_000_000)],
    [10, moved(3_000_000)],
    [25, moved(4_000_000)],
    [1, { type: 'phase-ended', phase: 'export', durationMs: 67_000, detail: '4,100,000 rows, 41 MB' }],
  ];

  it('say every thirty seconds in a file how many rows they have moved', () => {
    expect(printOver(false, exporting).split('\n')).toEqual([
      '  export            31.0 s  2,000,000 rows  20.0 MB …',
      '  export        1 min 06 s  4,000,000 rows  40.0 MB …',
      '  export        1 min 07 s  4,100,000 rows, 41 MB',
      '',
    ]);
  });

  it('say so at once on a terminal', () => {
    expect(printOver(true, exporting)).toContain(
      '\r\x1b[K  export            10.2 s  1,000,000 rows  10.0 MB …',
    );
  });

  const database = (index: number): [number, ProgressEvent][] => [
    [0, { type: 'phase-started', phase: `erp/db${index}`, step: `${index} of 40` }],
    [4, { type: 'phase-ended', phase: `erp/db${index}`, durationMs: 4_000 }],
    [0, { type: 'phase-started', phase: 'publish' }],
    [1, { type: 'phase-ended', phase: 'publish', durationMs: 1_000 }],
  ];
  const forty = Array.from({ length: 40 }, (_, index) => database(index + 1)).flat();
  const manifest: [number, ProgressEvent][] = [
    [0, { type: 'phase-started', phase: 'manifest' }],
    [0, { type: 'phase-ended', phase: 'manifest', durationMs: 10 }],
  ];

  it('of many databases say when it takes long to write the files of one', () => {
    const slow: [number, ProgressEvent][] = [
      [0, { type: 'phase-started', phase: 'erp/db1', step: '1 of 40' }],
      [1, { type: 'phase-ended', phase: 'erp/db1', durationMs: 1_000 }],
      [0, { type: 'phase-started', phase: 'publish' }],
      [4, { type: 'phase-ended', phase: 'publish', durationMs: 4_000 }],
    ];
    expect(printOver(true, slow)).toMatch(/1 of 40 databases {2}\d\.\d+ s {2}writing its files …/);
    expect(printOver(true, database(1))).not.toContain('writing its files');
  });

  it('of many databases are one line', () => {
    const lines = printOver(false, [...forty, ...manifest]).split('\n');
    expect(lines.slice(0, 2)).toEqual([
      '  7 of 40 databases  30.0 s  erp/db7 …',
      '  13 of 40 databases  1 min 00 s  erp/db13 …',
    ]);
    expect(lines.slice(-3)).toEqual([
      '  databases     3 min 20 s  40 of 40',
      '  manifest          0.01 s',
      '',
    ]);
    expect(lines).toHaveLength(9);
    const [last] = printOver(true, forty).split('\r\x1b[K').slice(-3);
    expect(last).toMatch(/^ {2}40 of 40 databases {2}3 min \d\d s/);
  });
});
