import { expect, it } from 'vitest';
import { parseConfig } from '../../../../shared/config/load-config.ts';
import { warnOfOpenPatterns } from '../../../../shared/config/rules/open-pattern-warnings.ts';

const warningsOf = (filters: string) =>
  warnOfOpenPatterns(
    parseConfig(
      `version: 1
sources: { erp: { type: postgres, host: h, database: d, auth: { type: password, secret: s } } }
extractions: { nightly: { sources: [erp], ${filters} } }`,
      'ferry.yaml',
    ),
  );

it('patterns that look like a prefix cause a warning, wherever they are', () => {
  expect(warningsOf(`include: { "^erp$": ["^app", "^b$"] }, exclude: '{"^test_": "*"}'`)).toEqual([
    'nightly: include: "^app" only matches the name app; to match every name that begins with it, write "^app.*"; to keep it as it is, write "^app$"',
    'nightly: exclude: "^test_" only matches the name test_; to match every name that begins with it, write "^test_.*"; to keep it as it is, write "^test_$"',
  ]);
});

it.each(['^app$', 'app', '^app.*', '^(app|hr)', '^app[0-9]+', '^app\\d', '*'])(
  '%s causes no warning',
  (pattern) => {
    expect(warningsOf(`include: { erp: [${JSON.stringify(pattern)}] }`)).toEqual([]);
  },
);
