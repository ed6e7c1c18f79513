import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { parse, parseDocument } from 'yaml';
import { parseConfig } from '../../../../shared/config/load-config.ts';
import { odbcProducts } from '../../../../shared/config/schema/ferry-config.ts';
import { configJsonSchema } from '../../../../shared/config/schema/json-schema.ts';
import { pasteLine, readProblem } from '../../../support/config/paste-line.ts';

interface Mistake {
  name: string;
  from?: string;
  to?: string;
  append?: string;
  text?: string;
  says: string;
  beyondSchema?: true;
}

const fixture = new URL('../../../fixtures/config/mistakes.yaml', import.meta.url);
const { file, mistakes } = parse(readFileSync(fixture, 'utf8')) as { file: string; mistakes: Mistake[] };

const textOf = ({ from, to, append, text }: Mistake) => {
  if (from !== undefined) expect(file).toContain(from);
  return text ?? (from === undefined ? file + append : file.replace(from, () => to ?? ''));
};

/** What is said, without its heading, and how many problems that counts. */
function told(text: string): { says: string; count: number } {
  try {
    parseConfig(text, 'ferry.yaml');
  } catch (error) {
    const [heading = '', ...lines] = (error as Error).message.split('\n');
    const [, count] = /^ferry\.yaml is not valid \((\d+) problems?\):$/.exec(heading) ?? [];
    return { says: lines.map((line) => line.slice(2)).join('\n'), count: Number(count) };
  }
  return { says: 'nothing', count: 0 };
}

describe('a mistake in ferry.yaml is one problem, with its line and what to write', () => {
  it('the file without a mistake is valid', () => {
    expect(told(file)).toEqual({ says: 'nothing', count: 0 });
  });

  it.each(mistakes)('$name', (mistake) => {
    const text = textOf(mistake);
    expect(told(text)).toEqual({ says: mistake.says, count: 1 });
    const problem = readProblem(mistake.says);
    if (problem.write === undefined) return;
    expect(told(pasteLine(text, problem)).says).toBe('nothing');
  });
});

it.each(odbcProducts)('type: %s is explained', (product) => {
  const { says } = told(file.replace('type: postgres', `type: ${product}`));
  const native: Record<string, string> = { postgresql: 'postgres', mariadb: 'mysql' };
  expect(says).toContain(
    product in native ? `type: ${native[product]}` : `"${product}": Ferry reads it through an ODBC driver`,
  );
});

describe('ferry.schema.json', () => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const validate = ajv.compile(configJsonSchema());
  const parsed = mistakes
    .map((mistake) => ({ ...mistake, document: parseDocument(textOf(mistake), { logLevel: 'error' }) }))
    .filter(
      ({ name, document: { errors, warnings } }) => errors.length + warnings.length === 0 && name !== 'alias',
    );

  it('accepts the file without a mistake, and what defaults supply', () => {
    expect(validate(parse(file))).toBe(true);
    const config = parse(file);
    const { type, auth, ...erp } = config.sources.erp;
    const schedule = { timezone: 'Europe/Berlin' };
    const sync = { ...config.syncs['open-orders'], schedule };
    const shared = { ...config, sources: { erp }, syncs: { 'open-orders': sync } };
    expect(validate(shared)).toBe(false);
    const cron = '30 4 * * *';
    expect(validate({ ...shared, defaults: { source: { type, auth }, schedule: { cron } } })).toBe(true);
  });

  it.each(parsed)('refuses what validate refuses, as far as a schema can: $name', (mistake) => {
    const isRefused = !validate(mistake.document.toJS());
    expect(isRefused).toBe(mistake.beyondSchema !== true);
  });
});

describe('a line that is shown', () => {
  it.each([
    ['host: erp.example.org', 'host:postgres://u:GEHEIM@erp'],
    ['host: erp.example.org', '\thost: u:GEHEIM@erp'],
    ['host: erp.example.org', 'password: GEHEIM: x'],
    ['host: erp.example.org', 'password:GEHEIM'],
    ['host: erp.example.org', 'token: *GEHEIM'],
    ['host: erp.example.org', 'token: !x GEHEIM'],
    ['host: erp.example.org', 'password: "GEHEIM'],
    ['host: erp.example.org', 'hst: "password=GEHEIM"'],
    ['auth: { type: password, secret: ferry/erp }', 'auth: { type: password, secret: "GEHEIM GEHEIM"'],
    [
      'auth: { type: password, secret: ferry/erp }',
      'auth: { type: password, username: u, password: GEHEIM }',
    ],
    ['auth: { type: password, secret: ferry/erp }', 'auth: GEHEIM/geheim:GEHEIM@x'],
    ['token: ferry/polyteia', 'token: [pak_GEHEIM]'],
    ['token: ferry/polyteia', 'tokn: pak_GEHEIM'],
    ["query: SELECT * FROM orders WHERE status = 'open'", 'sql: "SELECT 1 -- password=GEHEIM"'],
  ])('never holds what may be a secret: %j as %j', (from, to) => {
    expect(file).toContain(from);
    const { says, count } = told(file.replace(from, () => to));
    expect(count).toBeGreaterThan(0);
    expect(says).not.toContain('GEHEIM');
  });
});
