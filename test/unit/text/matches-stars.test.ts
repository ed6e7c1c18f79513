import { expect, it } from 'vitest';
import { matchesStars } from '../../../shared/text/matches-stars.ts';

it.each([
  ['erp', 'erp', true],
  ['erp', 'erp-2', false],
  ['hr-*', 'hr-north', true],
  ['hr-*', 'hr-', true],
  ['hr-*', 'my-hr-north', false],
  ['*-north', 'hr-north', true],
  ['a*b*c', 'a-b-c', true],
  ['a*b*c', 'acb', false],
  ['a*ba', 'aba', true],
  ['ab*ba', 'aba', false],
  ['a*b*b', 'ab', false],
  ['**', '', true],
  ['*', 'x', true],
  // A point is a point.
  ['a.c*', 'abc', false],
])('says whether %s stands for %s', (pattern, text, expected) => {
  expect(matchesStars(pattern, text)).toBe(expected);
});

it('takes no longer for many stars', () => {
  // A regular expression would not end within the time of a test.
  expect(matchesStars(`${'*a'.repeat(25)}*b`, 'a'.repeat(60))).toBe(false);
  expect(matchesStars(`${'*a'.repeat(1_000)}*`, 'a'.repeat(60))).toBe(false);
});
