import { expect, it } from 'vitest';
import { parseConfig } from '../../../../shared/config/load-config.ts';

const file = (type: string, database: string, listed = 'stadt') => `version: 1
sources:
  erp:
    ${type}
    host: db.example.org
    database: ${database}
    auth: { type: password, secret: ferry/erp }
    tls: { mode: disable }
extractions:
  nightly: { sources: [erp], databases: [${listed}] }
`;

it.each([
  ['type: postgres', 63],
  ['type: mysql', 64],
  ['type: odbc\n    odbc: { product: sqlserver, driver: libx.so }', 128],
  ['type: odbc\n    odbc: { product: mariadb, driver: libx.so }', 64],
])('a database of %s has a name of at most %i characters', (type, most) => {
  for (const letter of ['d', 'ü', '🚢']) {
    const longest = letter.repeat(most);
    expect(parseConfig(file(type, longest), 'ferry.yaml').sources.erp?.database).toBe(longest);
    expect(() => parseConfig(file(type, longest + letter), 'ferry.yaml')).toThrow(
      `expected at most ${most} characters`,
    );
    parseConfig(file(type, 'stadt', longest), 'ferry.yaml');
    expect(() => parseConfig(file(type, 'stadt', longest + letter), 'ferry.yaml')).toThrow(
      /databases\.0: .*expected at most/,
    );
  }
});
