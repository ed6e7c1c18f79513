import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { ConfigError } from '../../../shared/errors.ts';

const parse = (fields: Record<string, unknown>) => {
  const config = parseConfig(
    stringify({
      version: 1,
      sources: { erp: { type: 'postgres', auth: { type: 'password', secret: 'ferry/erp' } } },
      extractions: { nightly: { sources: ['erp'], ...fields } },
    }),
    'ferry.yaml',
  );
  return config.extractions.nightly;
};

function messageOf(fields: Record<string, unknown>): string {
  try {
    parse(fields);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error('the configuration was accepted');
}

describe('filters of an extraction', () => {
  it.each([
    [undefined, {}],
    ['', {}],
    [' \n', {}],
    ['{}', {}],
    [{}, {}],
    ['{"^erp$": ["^public$"]}', { '^erp$': ['^public$'] }],
    ['{"a:":["\\"a:\\":","a:"],"\\"a":"*"}', { 'a:': ['"a:":', 'a:'], '"a': '*' }],
    ['{"^erp$":"*","^hr$":[]}', { '^erp$': '*', '^hr$': [] }],
    [{ '^erp$': ['^public$'] }, { '^erp$': ['^public$'] }],
    [{ '(?i)erp': ['(?x) a # b'] }, { '(?i)erp': ['(?x) a # b'] }],
    [{ "o'brien": [':word', '100%', 'Ämter', '📦'] }, { "o'brien": [':word', '100%', 'Ämter', '📦'] }],
  ])('%j is read', (filter, expected) => {
    const fields = filter === undefined ? {} : { include: filter, exclude: filter };
    expect(parse(fields)).toMatchObject({ include: expected, exclude: expected, tempTableRegex: '' });
  });

  it.each([
    ['{"^erp$": ["^public$"]', 'valid JSON'],
    ["{'^erp$': '*'}", 'valid JSON'],
    ['[]', 'extractions.nightly.include'],
    ['"*"', 'extractions.nightly.include'],
    ['null', 'extractions.nightly.include'],
    ['{"^erp$": "public"}', 'extractions.nightly.include'],
    ['{"^erp$": [""]}', 'extractions.nightly.include'],
    ['{"": "*"}', 'extractions.nightly.include'],
    [{ erp: 'public' }, 'extractions.nightly.include'],
    [{ erp: ['a\0b'] }, 'NUL'],
    [{ 'e\0rp': '*' }, 'NUL'],
    [{ erp: ['(?q)a.b'] }, '***=text'],
    [{ erp: ['***:(?ib)a'] }, '***=text'],
    [{ '(?e)erp': '*' }, '***=text'],
    ['{"^erp$": ["(?q)a"]}', '***=text'],
    ['{"^erp$": ["^geheim$"], "^erp$": ["^tmp$"]}', 'a field appears twice'],
    // The same letters, written in another way, and a value that would get lost.
    [String.raw`{"^erp$": {"x": [[1]]}, "\u005eerp$" : "*"}`, 'a field appears twice'],
  ])('%j is refused', (include, expected) => {
    const message = messageOf({ include });
    expect(message).toContain(expected);
    expect(message).toContain('include');
  });

  it('a tempTableRegex may be anything without a NUL', () => {
    expect(parse({ tempTableRegex: '(?q)tmp_' })).toMatchObject({ tempTableRegex: '(?q)tmp_' });
    expect(messageOf({ tempTableRegex: 'a\0' })).toContain('NUL');
  });
});
