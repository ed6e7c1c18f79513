import { describe, expect, it } from 'vitest';
import { cleanDescription } from '../../../../shared/extraction/entities/clean-description.ts';

describe('the description of a comment', () => {
  it.each([
    ['plain text', 'Orders of a customer', 'Orders of a customer'],
    ['tags', '<b>Bold</b> and <a href="x">link</a>', 'Bold and link'],
    ['text between signs', 'a < b and b > c', 'a c'],
    ['an empty tag', 'a <> b', 'a <> b'],
    ['an opening sign before an empty tag', 'a <<> b', 'a b'],
    ['two closing signs', 'a <>> b', 'a <>> b'],
    ['a tag over two lines', 'a<br\n/>b', 'ab'],
    ['an opening sign alone', '1 < 2', '1 < 2'],
    ['line breaks and tabs', 'one\r\n\ttwo', 'one two'],
    ['spaces of Unicode', 'a\u00a0\u2003b\u3000c\u0085d', 'a b c d'],
    ['characters that only look like spaces', 'a\ufeff\u200bb', 'a\ufeff\u200bb'],
    ['spaces at both ends', ' \n text \u00a0', 'text'],
    ['nothing but space', ' \t ', ''],
    ['nothing but tags', '<p></p>', ''],
  ])('cleans %s', (_title, comment, description) => {
    expect(cleanDescription(comment)).toBe(description);
  });

  it('keeps the first 100,000 characters, where an emoji is one', () => {
    expect(cleanDescription(`${'ü'.repeat(99_999)}xy`)).toBe(`${'ü'.repeat(99_999)}x`);
    expect(cleanDescription(`${'😀'.repeat(99_999)}xy`)).toBe(`${'😀'.repeat(99_999)}x`);
    expect(cleanDescription('😀'.repeat(100_001))).toBe('😀'.repeat(100_000));
  });

  it('cuts before it removes tags', () => {
    expect(cleanDescription(`${'<b>'.repeat(40_000)}text`)).toBe('<');
  });

  it('takes linear time, whatever the text contains', () => {
    // As an expression this takes minutes, and the test its time-out.
    expect(cleanDescription('<'.repeat(200_000))).toBe('<'.repeat(100_000));
  });
});
