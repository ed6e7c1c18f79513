import { describe, expect, it } from 'vitest';
import { formatCount } from '../../../shared/text/format.ts';

describe('a count', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1_000, '1,000'],
    [-1_234_567, '-1,234,567'],
    [Number.MAX_SAFE_INTEGER, '9,007,199,254,740,991'],
    [1e24, '1,000,000,000,000,000,000,000,000'],
    [1234.5, '1,234.5'],
  ])('of %d is %s in every language', (value, text) => {
    expect(formatCount(value)).toBe(text);
  });

  it('has its noun in the right number', () => {
    expect(formatCount(1, 'row')).toBe('1 row');
    expect(formatCount(12_000, 'entity', 'entities')).toBe('12,000 entities');
  });
});
