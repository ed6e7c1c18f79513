import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJobStates, stateKeyOf, supersededKeys } from '../../../shared/runs/job-states.ts';
import { runningRecord, runRecord } from '../../support/api.ts';

const idOf = (job: number, run: number) => `01a1fc88-01c9-7${job}5f-ad30-${String(run).padStart(12, '0')}`;
/** The name of the `run`-th run of a job in a state; later runs sort first. */
function keyOf(job: number, run: number, state: 'running' | 'succeeded' | 'failed' | 'skipped') {
  const id = idOf(job, run);
  const facts = {
    id,
    job: `job-${job}`,
    startedAt: new Date(1_800_000_000_000 + run * 60_000).toISOString(),
  };
  const record = state === 'running' ? runningRecord(facts) : runRecord({ ...facts, state });
  return stateKeyOf(record, `${(2 ** 48 - 1 - run).toString(16)}-${id}`);
}

const names = fc
  .uniqueArray(
    fc.tuple(
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 0, max: 8 }),
      fc.constantFrom('succeeded', 'failed', 'skipped'),
    ),
    { selector: ([job, run]) => `${job} ${run}`, maxLength: 20 },
  )
  .chain((finals) =>
    fc.tuple(
      fc.constant(finals),
      fc.array(fc.integer({ min: 0, max: 2 }), { minLength: finals.length, maxLength: finals.length }),
    ),
  )
  // Of each run its begin, its end, or both.
  .map(([finals, which]) =>
    finals
      .flatMap(([job, run, state], n) => [
        ...(which[n] !== 0 ? [keyOf(job, run, 'running')] : []),
        ...(which[n] !== 1 ? [keyOf(job, run, state as 'failed')] : []),
      ])
      .toSorted(),
  );

describe('the states of jobs', () => {
  it('are the same after any part of the superseded names was removed', () => {
    fc.assert(
      fc.property(names, fc.infiniteStream(fc.boolean()), (keys, chosen) => {
        const removed = new Set(supersededKeys(keys).filter(() => chosen.next().value));
        const left = keys.filter((key) => !removed.has(key));
        expect(readJobStates(left)).toEqual(readJobStates(keys));
        const clean = (found: string[]) => {
          const superseded = supersededKeys(found);
          return found.filter((key) => !superseded.includes(key));
        };
        const kept = clean(clean(left));
        expect(readJobStates(kept)).toEqual(readJobStates(keys));
        expect(supersededKeys(kept)).toEqual([]);
        expect(kept.length).toBeLessThanOrEqual(3 * readJobStates(keys).size);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [
      'a run that ended',
      [
        [1, 'running'],
        [1, 'succeeded'],
      ],
      { last: 1, lastGood: 1 },
    ],
    [
      'a run after a good one',
      [
        [1, 'succeeded'],
        [2, 'running'],
      ],
      { last: 2, lastGood: 1, running: 2 },
    ],
    [
      'one that died before another ended',
      [
        [1, 'running'],
        [2, 'failed'],
      ],
      { last: 2 },
    ],
    [
      'one that others were skipped for',
      [
        [1, 'running'],
        [2, 'skipped'],
        [3, 'skipped'],
      ],
      { last: 3, running: 1 },
    ],
    [
      'failures after a good one',
      [
        [1, 'succeeded'],
        [2, 'failed'],
        [3, 'failed'],
      ],
      { last: 3, lastGood: 1 },
    ],
  ] as const)('tell of %s', (_, runs, expected) => {
    const keys = runs.map(([run, state]) => keyOf(0, run, state)).toSorted();
    const { last, lastGood, running } = readJobStates(keys).get('job-0') ?? {};
    const shown = Object.entries({ last, lastGood, running }).flatMap(([name, run]) =>
      run ? [[name, Number(run.runId.slice(-12))]] : [],
    );
    expect(Object.fromEntries(shown)).toEqual(expected);
  });

  it('carry what a name can tell', () => {
    const record = runRecord({ state: 'failed', error: { class: 'QueryError', message: 'never in a name' } });
    const key = stateKeyOf(record, `0123456789ab-${record.id}`);
    expect(key).not.toContain('never');
    expect(readJobStates([key]).get('orders')?.last).toEqual({
      job: 'orders',
      runId: record.id,
      state: 'failed',
      startedAt: record.startedAt,
      endedAt: record.endedAt,
      rows: 12,
      error: 'QueryError',
    });
  });
});
