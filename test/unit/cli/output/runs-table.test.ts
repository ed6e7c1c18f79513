import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { fitTable, formatRuns } from '../../../../cli/output/runs-table.ts';
import type { RunRecord } from '../../../../shared/runs/records/run-record.ts';
import { runRecord } from '../../../support/api.ts';

const run = (index: number, change: Partial<RunRecord> = {}): RunRecord => ({
  ...runRecord(),
  // Of one schedule: the same moment, and then random.
  id: `019aa401-7c1e-7d${String(index).padStart(2, '0')}-9c53-0b3f0c1d2e4f`,
  ...change,
});
const refused = { class: 'GuardError', message: 'No rows.' };
const runs = [
  run(1, { outcome: 'uploaded', job: 'offene-meldungen-je-ortsteil', rows: 1_234_567, durationMs: 123_456 }),
  run(2, { outcome: 'unchanged' }),
  run(3, { state: 'failed', error: refused }),
  run(4, { outcome: 'uploaded', sentFrom: { runId: run(3).id } }),
  run(5, { outcome: 'uploaded', sentFrom: { runId: run(1).id } }),
  run(6, { state: 'failed', error: { class: 'PolyteiaUnavailableError', message: 'Gone.' } }),
];
const sentAs = new Map([
  [run(4).id, 'accepted'],
  [run(5).id, 'resent'],
] as const);
const shown = (columns: number | undefined) =>
  fitTable(formatRuns(runs, sentAs), columns === undefined ? {} : { isTTY: true, columns });

describe('the table of runs', () => {
  it('says what became of each run', () => {
    const words = shown(undefined)
      .split('\n')
      .slice(1)
      .map((line) => line.split(/ {2,}/)[2]);
    expect(words).toEqual(['succeeded', 'unchanged', 'refused', 'accepted', 'resent', 'failed']);
  });

  it('is complete where nobody looks at it', () => {
    const [header = '', first = ''] = shown(undefined).split('\n');
    expect(header.split(/ {2,}/)).toEqual([
      'STARTED (UTC)',
      'JOB',
      'STATE',
      'TIME',
      'ROWS',
      'SIZE',
      'BY',
      'RUN',
      'ERROR',
    ]);
    expect(first).toContain(run(1).id);
  });

  it.each([80, 100, 120, 160])('fits a terminal of %d columns', (columns) => {
    const lines = shown(columns).split('\n');
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(columns);
    expect(lines[1]).toContain('offene-meldungen-je');
    expect(lines[1]).toContain(run(1).id.slice(0, 18));
  });

  it('shows as much of the ids as tells them apart', () => {
    const two = [run(1), { ...run(2), id: '019aa402-7c1e-7d0e-9c53-0b3f0c1d2e4f' }];
    const table = fitTable(formatRuns(two, new Map()), { isTTY: true, columns: 80 });
    expect(table).toContain('019aa401-7c1e');
    expect(table).not.toContain('019aa401-7c1e-');
    expect(shown(200)).toContain(run(1).id);
  });
});
