import { describe, expect, it } from 'vitest';
import { killedHint } from '../../../shared/runs/run-limits.ts';
import { assertWorthAnotherTry } from '../../../shared/runs/take-over.ts';
import { runRecord } from '../../support/api.ts';

const startedAt = '2027-03-01T12:00:00.000Z';

/** A run whose earlier attempts were lost in these phases, before another one. */
function lostIn(phases: readonly string[]) {
  const attempts = [...phases.map((lostIn) => ({ startedAt, lostIn })), { startedAt }];
  return () => assertWorthAnotherTry({ ...runRecord(), attempts });
}

describe('a run that was killed', () => {
  it.each([
    [['export']],
    [['export', 'upload']],
    [['export', 'upload', 'export']],
    // Until the first heartbeat, nobody knows how far it had come.
    [['start', 'start']],
    [['start', 'start', 'export']],
    [['start', 'export', 'start', 'start']],
  ])('in %j is tried again', (phases) => {
    expect(lostIn(phases)).not.toThrow();
  });

  it.each([
    [['export', 'export'], 'The run was killed twice in the phase "export".'],
    [['start', 'upload', 'upload'], 'The run was killed twice in the phase "upload".'],
    [['start', 'start', 'start'], 'The run was killed three times, each time within seconds of its start.'],
  ])('in %j is not', (phases, message) => {
    expect(lostIn(phases)).toThrow(message);
  });

  it('may have been in a function, a container or a process', () => {
    for (const kind of ['sync', 'extraction'] as const)
      expect(killedHint(kind)).toMatch(/give the function, container or machine more of it/);
  });
});
