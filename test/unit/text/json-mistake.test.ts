import { describe, expect, it } from 'vitest';
import { findJsonMistake } from '../../../shared/text/json-mistake.ts';

const good = '{\n  "a/b": {"x": "\\u00e4\\n\\"", "y": [1, -2.5e3, null, true]},\n  "c": "GEHEIM"\n}\n';

const isJson = (text: string) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('what is wrong with JSON', () => {
  it.each([
    ['a comma too many', '{"a": "GEHEIM",\n}', 1, 15, 'a comma in front of }: remove it'],
    ['a comma too many in a list', '{"a": ["GEHEIM",]}', 1, 16, 'a comma in front of ]: remove it'],
    ['a comma too few', '{"a": "GEHEIM"\n "b": 1}', 2, 2, 'a comma is missing in front of this'],
    ['a colon too few', '{"a" "GEHEIM"}', 1, 6, 'a colon is missing'],
    ['single quotes', "{'GEHEIM': 1}", 1, 2, 'a text in other quotes'],
    ['typographic quotes', '{"a": „GEHEIM“}', 1, 7, 'typographic quotes'],
    ['no quotes', '{"a": GEHEIM}', 1, 7, 'a text without double quotes'],
    ['a name without quotes', '{GEHEIM: 1}', 1, 2, 'a name must stand in double quotes'],
    ['a backslash', '{"a": "GE\\HEIM"}', 1, 10, 'a backslash in a text must be doubled'],
    ['a quote in a text', '{"a": "GE"HEIM"}', 1, 11, 'a quote within a text lacks its backslash'],
    ['an open text', '{"a": "GEHEIM\n}', 1, 14, 'a text ends with the line'],
    ['a tab', '{"a": "GE\tHEIM"}', 1, 10, 'a tab or another control character'],
    ['a comment', '// GEHEIM\n{}', 1, 1, 'JSON has no comments'],
    [
      'an end that is missing',
      '{"a": {"b": "GEHEIM"}\n',
      2,
      1,
      'the file ends before everything in it is closed',
    ],
    ['a second document', '{"a": 1}\n{"b": "GEHEIM"}', 2, 1, 'something stands behind the end'],
    ['nothing', '  \n', 2, 1, 'the file is empty'],
    ['brackets of two kinds', '{"a": [1}', 1, 9, '} stands where ] must'],
  ])('is named with its place, without a word of the text: %s', (_, text, line, column, what) => {
    const mistake = findJsonMistake(text);
    expect(mistake).toMatchObject({ line, column, what: expect.stringContaining(what) });
    expect(mistake?.what).not.toContain('GEHEIM');
  });

  it('is found in exactly the texts that JSON.parse refuses', () => {
    expect(findJsonMistake(good)).toBeUndefined();
    for (let at = 0; at < good.length; at++) {
      const damaged = ['', ',', '"', "'", '}', '0', '\\', ' '].map(
        (char) => good.slice(0, at) + char + good.slice(at + 1),
      );
      for (const text of [...damaged, good.slice(0, at)])
        expect([text, findJsonMistake(text) === undefined]).toEqual([text, isJson(text)]);
    }
  });
});
