import { expect, it } from 'vitest';
import { startPatience } from '../../support/processes/patience.ts';

const patience = (timeoutMs: number) => {
  let clock = 5_000_000;
  const goesOn = startPatience(timeoutMs, () => clock);
  return (passedMs: number) => {
    clock += passedMs;
    return goesOn();
  };
};

it('ends when its time has passed', () => {
  const after = patience(3_000);
  expect([1_000, 1_000, 999, 1].map(after)).toEqual([true, true, true, false]);
});

it('counts a second of the minutes that the machine stood still', () => {
  const after = patience(3_000);
  expect([100, 600_000, 1_000, 899, 1].map(after)).toEqual([true, true, true, true, false]);
});

it('is not made longer by a clock that is set back', () => {
  const after = patience(2_000);
  expect([1_000, -3_600_000, 999, 1].map(after)).toEqual([true, true, true, false]);
});
