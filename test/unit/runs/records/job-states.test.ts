import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJobStates, stateKeyOf, supersededKeys } from '../../../../shared/runs/records/job-states.ts';
import { runningRecord, runRecord } from '../../../support/api.ts';

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
  it('are those of known names: a moment that does not exist hides nobody else', () => {
    const key = keyOf(0, 1, 'succeeded');
    const odd = key.replace(/\d{13}/, '99999999999999999999');
    expect(odd).not.toBe(key);
    expect(readJobStates([odd, key])).toEqual(readJobStates([key]));
  });

  it('are the same after any part of the superseded names was removed', () => {
    fc.assert(
      fc.property(names, fc.infiniteStream(fc.boolean()), (keys, chosen) => {
        const removed = new Set(supersededKeys(keys).filter(() => chosen.next().value));
        const left = keys.filter((key) => !removed.has(key));
        expect(readJobStates(left)).toEqual(readJobStates(keys));
        // The name of an end goes once those of the way to it are gone.
        const clean = (some: string[]) => some.filter((key) => !supersededKeys(some).includes(key));
        const kept = clean(clean(keys));
        expect(supersededKeys(kept)).toEqual([]);
        expect(readJobStates(kept)).toEqual(readJobStates(keys));
        const unfinished = [...readJobStates(keys).values()].flatMap((state) => state.unfinished);
        expect(kept.length).toBeLessThanOrEqual(4 * readJobStates(keys).size + unfinished.length);
      }),
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
  ] as const)('report %s', (_, runs, expected) => {
    const keys = runs.map(([run, state]) => keyOf(0, run, state)).toSorted();
    const { last, lastGood, running } = readJobStates(keys).get('job-0') ?? {};
    const shown = Object.entries({ last, lastGood, running }).flatMap(([name, run]) =>
      run ? [[name, Number(run.runId.slice(-12))]] : [],
    );
    expect(Object.fromEntries(shown)).toEqual(expected);
  });

  it.each([
    [['queued', 'running'], 'running', 1],
    [['queued', 'running', 'ingesting'], 'ingesting', 1],
    [['failed', 'ingesting', 'succeeded'], 'succeeded', 0],
  ] as const)('take, from %j of one run, the furthest: %s', (states, expected, unfinished) => {
    const record = runningRecord();
    const keys = states
      .map((state) => stateKeyOf({ ...record, state }, `0123456789ab-${record.id}`))
      .toSorted();
    const found = readJobStates(keys).get('orders');
    expect(found?.last.state).toBe(expected);
    expect(found?.unfinished).toHaveLength(unfinished);
  });

  it('keep a failed run while the next one is in progress, and an upload that newer runs have passed', () => {
    const ingesting = stateKeyOf(
      { ...runningRecord({ id: idOf(0, 1), job: 'job-0' }), state: 'ingesting' },
      `${(2 ** 48 - 2).toString(16)}-${idOf(0, 1)}`,
    );
    const keys = [ingesting, keyOf(0, 2, 'failed'), keyOf(0, 3, 'running')].toSorted();
    const state = readJobStates(keys).get('job-0');
    expect(state?.lastEnded?.runId).toBe(idOf(0, 2));
    expect(state?.unfinished.map(({ runId }) => runId)).toEqual([idOf(0, 3), idOf(0, 1)]);
    expect(supersededKeys(keys)).toEqual([]);
  });

  it('contain what a name can say', () => {
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
