import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goDurationMs, parseGoDuration } from '../../../shared/text/go-duration.ts';

const units = [
  ['h', 3_600_000_000_000n],
  ['m', 60_000_000_000n],
  ['s', 1_000_000_000n],
  ['ms', 1_000_000n],
  ['µs', 1_000n],
  ['ns', 1n],
] as const;
const LONGEST = 2n ** 63n - 1n;

describe('parseGoDuration', () => {
  // From the table in Go's own time_test.go.
  it.each([
    ['0', 0n],
    ['5s', 5_000_000_000n],
    ['30s', 30_000_000_000n],
    ['1478s', 1_478_000_000_000n],
    ['-5s', -5_000_000_000n],
    ['+5s', 5_000_000_000n],
    ['-0', 0n],
    ['+0', 0n],
    ['5.0s', 5_000_000_000n],
    ['5.6s', 5_600_000_000n],
    ['5.s', 5_000_000_000n],
    ['.5s', 500_000_000n],
    ['1.0040s', 1_004_000_000n],
    ['100.00100s', 100_001_000_000n],
    ['10ns', 10n],
    ['11us', 11_000n],
    ['12µs', 12_000n],
    ['12μs', 12_000n],
    ['13ms', 13_000_000n],
    ['14s', 14_000_000_000n],
    ['15m', 900_000_000_000n],
    ['16h', 57_600_000_000_000n],
    ['3h30m', 12_600_000_000_000n],
    ['10.5s4m', 250_500_000_000n],
    ['-2m3.4s', -123_400_000_000n],
    ['1h2m3s4ms5us6ns', 3_723_004_005_006n],
    ['39h9m14.425s', 140_954_425_000_000n],
    ['52763797000ns', 52_763_797_000n],
    ['0.3333333333333333333h', 1_199_999_999_999n],
    ['9007199254740993ns', 9_007_199_254_740_993n],
    ['9223372036854775807ns', LONGEST],
    ['-9223372036854775808ns', -LONGEST - 1n],
    ['0.100000000000000000000h', 360_000_000_000n],
  ])('reads %s', (text, expected) => {
    expect(parseGoDuration(text)).toBe(expected);
  });

  it.each([
    '',
    '3',
    '-',
    's',
    '.',
    '-.',
    '.s',
    '+.s',
    '1d',
    '5 s',
    ' 5s',
    '5s ',
    '5S',
    '1h-30m',
    '1e3s',
    '１s',
    '9223372036854775808ns',
    '3000000h',
  ])('refuses %j', (text) => {
    expect(parseGoDuration(text)).toBeUndefined();
  });

  it('reads combinations of any units, in any order', () => {
    const part = fc.tuple(fc.integer({ min: 0, max: 10_000 }), fc.constantFrom(...units));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), fc.boolean(), (parts, negative) => {
        const text = parts.map(([count, [unit]]) => `${count}${unit}`).join('');
        const total = parts.reduce((sum, [count, [, nanoseconds]]) => sum + BigInt(count) * nanoseconds, 0n);
        expect(parseGoDuration(negative ? `-${text}` : text)).toBe(negative ? -total : total);
      }),
    );
  });

  it('reads back any duration as Go prints it', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: LONGEST }), (nanoseconds) => {
        const [hours, rest] = [nanoseconds / 3_600_000_000_000n, nanoseconds % 3_600_000_000_000n];
        const [minutes, left] = [rest / 60_000_000_000n, rest % 60_000_000_000n];
        const fraction = String(left % 1_000_000_000n).padStart(9, '0');
        const text = `${hours}h${minutes}m${left / 1_000_000_000n}.${fraction}s`;
        expect(parseGoDuration(text)).toBe(nanoseconds);
      }),
    );
  });

  it('never fails on any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(['bigint', 'undefined']).toContain(typeof parseGoDuration(text));
      }),
    );
  });
});

describe('goDurationMs', () => {
  it.each([
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    ['500ms', 500],
    ['250µs', 0.25],
    ['soon', undefined],
  ])('%s is %j', (text, expected) => {
    expect(goDurationMs(text)).toBe(expected);
  });
});
