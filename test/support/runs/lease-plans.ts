import fc from 'fast-check';
import type { ContenderPlan, Mishap, Turn } from './lease-contender.ts';

const turn: fc.Arbitrary<Turn> = fc.record({
  idle: fc.double({ min: 0, max: 0.3, noNaN: true }),
  work: fc.double({ min: 0, max: 0.6, noNaN: true }),
  pause: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.double({ min: 0.5, max: 1.6, noNaN: true })),
  end: fc.constantFrom('release', 'release', 'crash'),
  jumpHours: fc.constantFrom(0, 0, 0, 0, -5, 5),
});

const mishap: fc.Arbitrary<Mishap> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Mishap>('none') },
  fc.constantFrom<Mishap>('lost', 'misheard', 'refused', 'unreachable'),
);

/** Plans of contenders for one job; two of them are the same run delivered twice. */
export function arbitraryPlans(contenders: number, turns: number): fc.Arbitrary<ContenderPlan[]> {
  return fc
    .array(
      fc.record({
        turns: fc.array(turn, { minLength: turns, maxLength: turns }),
        // An odd number, with a good one: reading and replacing in turns never meets the same mishap forever.
        mishaps: fc
          .array(mishap, { minLength: 7, maxLength: 40 })
          .map((some): Mishap[] => (some.length % 2 === 0 ? [...some, 'none'] : [...some, 'none', 'none'])),
      }),
      { minLength: contenders, maxLength: contenders },
    )
    .map((plans) => plans.map((plan, index) => ({ ...plan, runId: `run-${Math.max(1, index)}` })));
}

/** How many rounds a test plays: a few, or those of FERRY_LEASE_ROUNDS for a long look. */
export function roundsOf(few: number): number {
  return Number(process.env.FERRY_LEASE_ROUNDS ?? few);
}
