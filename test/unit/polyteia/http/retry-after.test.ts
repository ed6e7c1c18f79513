import { describe, expect, it } from 'vitest';
import { parseRetryAfter } from '../../../../shared/polyteia/http/retry-after.ts';

const NOW = Date.parse('2026-07-01T12:00:00Z');

describe('parseRetryAfter', () => {
  it.each([
    ['7', 7_000],
    [' 0 ', 0],
    ['Wed, 01 Jul 2026 12:00:30 GMT', 30_000],
    ['Wed, 01 Jul 2026 11:00:00 GMT', 0],
    ['99999999999', 3_600_000],
    ['Fri, 01 Jan 2027 00:00:00 GMT', 3_600_000],
    ['2.5', 2_500],
    ['-5', undefined],
    ['1,5', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %j as %j', (value, expected) => {
    expect(parseRetryAfter(value, NOW)).toBe(expected);
  });
});
