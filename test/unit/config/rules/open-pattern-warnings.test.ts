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

it('patterns that look like a prefix are told, wherever they stand', () => {
  expect(warningsOf(`include: { "^erp$": ["^app", "^b$"] }, exclude: '{"^test_": "*"}'`)).toEqual([
    'nightly: include: "^app" matches the name app alone; for all that begin so, write "^app.*"; if it is meant, "^app$" says so',
    'nightly: exclude: "^test_" matches the name test_ alone; for all that begin so, write "^test_.*"; if it is meant, "^test_$" says so',
  ]);
});

it.each(['^app$', 'app', '^app.*', '^(app|hr)', '^app[0-9]+', '^app\\d', '*'])('%s is clear', (pattern) => {
  expect(warningsOf(`include: { erp: [${JSON.stringify(pattern)}] }`)).toEqual([]);
});
