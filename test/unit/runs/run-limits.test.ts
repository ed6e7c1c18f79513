import { expect, it } from 'vitest';
import { killedHint, limitRun } from '../../../shared/runs/run-limits.ts';

// What to do differs: an extraction has no query.
it.each([
  ['sync', /narrower query/, /fewer columns/],
  ['extraction', /split the databases between two extractions/, /fewer databases/],
] as const)(
  'a run of kind %s that has no time left, or was killed, says what to change',
  async (kind, late, killed) => {
    const { signal, clear } = limitRun({ kind, deadline: new Date() });
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    clear();
    expect(signal.reason).toMatchObject({ class: 'DeadlineError', hint: expect.stringMatching(late) });
    expect(killedHint(kind)).toMatch(killed);
  },
);
