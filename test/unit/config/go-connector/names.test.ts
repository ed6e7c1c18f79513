import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseNames, toName } from '../../../../shared/config/go-connector/names.ts';

describe('toName', () => {
  it.each([
    ['ERP', 'erp'],
    ['Größe & Maß.v2', 'groesse-mass-v2'],
    ['Élan', 'elan'],
    ['a_b-c', 'a_b-c'],
    ['--x--', 'x'],
    ['日本', ''],
    ['x'.repeat(90), 'x'.repeat(58)],
  ])('%s becomes %s', (text, expected) => {
    expect(toName(text)).toBe(expected);
  });
});

describe('chooseNames', () => {
  it.each([
    [
      [['a'], ['b']],
      ['a', 'b'],
    ],
    [
      [
        ['erp', 'erp-north'],
        ['erp', 'erp-south'],
        ['hr', 'hr-north'],
      ],
      ['erp-north', 'erp-south', 'hr'],
    ],
    [
      [['erp', 'erp-x'], ['erp', 'erp-x'], ['erp-x-2']],
      ['erp-x', 'erp-x-3', 'erp-x-2'],
    ],
    [
      [['日本'], ['日本', 'jp'], []],
      ['it', 'jp', 'it-2'],
    ],
    [
      [['A'], ['a']],
      ['a', 'a-2'],
    ],
  ])('%j become %j', (candidates, expected) => {
    expect(chooseNames(candidates, 'it')).toEqual(expected);
  });

  it('are all different and valid, whatever they are made of', () => {
    const candidates = fc.array(
      fc.array(fc.oneof(fc.constantFrom('a', 'b', 'a-2', 'B'), fc.string()), { maxLength: 3 }),
    );
    fc.assert(
      fc.property(candidates, (all) => {
        const names = chooseNames(all, 'it');
        expect(new Set(names).size).toBe(all.length);
        for (const name of names) expect(name).toMatch(/^[a-z0-9][a-z0-9_-]{0,62}$/);
      }),
    );
  });
});
