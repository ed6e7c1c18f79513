import { expect, it } from 'vitest';
import { ConfigError } from '../../../../shared/errors.ts';
import { odbcPostgresqlProfile } from '../../../../shared/source/odbc/postgresql/odbc-postgresql-profile.ts';
import { findStatementForm } from '../../../../shared/source/odbc/statement-letters.ts';

const LETTERS = 'ü漢🐘';
const probe = { letters: LETTERS, sql: (letters: string) => `SELECT ${letters}`, encoding: 'utf8' } as const;
/** A driver that passes on what `arrives` makes of a statement, and a source that stores and returns it. */
const driver =
  (arrives: (sql: string) => string, returns: (text: string) => string = (text) => text) =>
  async (sql: string) => {
    const text = arrives(sql).replace('SELECT ', '');
    return [Buffer.from(text, 'utf8').toString('hex').toUpperCase(), returns(text)];
  };
/** As the driver manager does it for drivers without functions for Unicode. */
const byLatin1 = (sql: string) => {
  if ([...sql].some((letter) => letter > 'ÿ')) throw new Error('unrecognized token');
  return Buffer.from(sql, 'latin1').toString('utf8');
};

/** As it does that once another driver has set the locale: UTF-8, or the low byte of each letter if one is half a letter of UTF-16. */
const byLocale = (sql: string) => {
  if (!/[\ud800-\udfff]/.test(sql)) return sql;
  const lowBytes = sql.split('').map((unit) => unit.charCodeAt(0) % 256);
  return Buffer.from(lowBytes).toString('utf8');
};

it('a driver gets bytes that nobody converts', async () => {
  const form = await findStatementForm(probe, async (sql) => {
    const text = byLocale(sql)
      .replace('SELECT ', '')
      .replace(/ \/\*.*\*\/$/, '');
    return [Buffer.from(text, 'utf8').toString('hex'), text];
  });
  expect(byLocale(form.write(`SELECT '${LETTERS}ß'`))).toMatch(
    new RegExp(`^SELECT '${LETTERS}ß' /\\*[^*?'"]*\\*/$`),
  );
  expect(form.write('ROLLBACK')).toBe('ROLLBACK');
  expect(form.read('no such table: Gärten 漢')).toBe('no such table: Gärten 漢');
});

it('a driver for Unicode gets statements as they are', async () => {
  const form = await findStatementForm(
    probe,
    driver((sql) => sql),
  );
  expect(form.write("SELECT 'ß'")).toBe("SELECT 'ß'");
  expect(form.read('no such table: Gärten')).toBe('no such table: Gärten');
});

it('a driver that takes bytes gets those of UTF-8, and is understood', async () => {
  const form = await findStatementForm(probe, driver(byLatin1));
  expect(byLatin1(form.write(`SELECT '${LETTERS}ß'`))).toBe(`SELECT '${LETTERS}ß'`);
  expect(form.read(form.write('no such table: Gärten 漢'))).toBe('no such table: Gärten 漢');
  // What it says of itself.
  for (const words of ['no such table: x', 'Gärten', '漢']) expect(form.read(words)).toBe(words);
});

it.each([
  ['on their way to the source', driver((sql) => sql.replaceAll('漢', '?'))],
  [
    'on their way back',
    driver(
      (sql) => sql,
      (text) => text.replaceAll('🐘', '?'),
    ),
  ],
])('a driver that changes letters %s is refused', async (_way, ask) => {
  await expect(findStatementForm(probe, ask)).rejects.toThrow(ConfigError);
});

it('the driver of Postgres without Unicode is refused by its name', () => {
  const login = {
    host: 'db',
    port: 5432,
    username: 'u',
    password: 'p',
    database: 'erp',
    address: '10.0.0.1',
  };
  const tls = { mode: 'verify-full', caFile: undefined } as const;
  const connect = (driver: string) => odbcPostgresqlProfile.connectionParts(login, tls, driver);
  expect(() => connect('/opt/psqlodbca.so')).toThrow('psqlodbca.so changes letters');
  expect(connect('/opt/psqlodbcw.so')).toContainEqual(['Server', 'db']);
});

it('a source that cannot hold the letters tells nothing of its driver', async () => {
  const form = await findStatementForm(probe, () => Promise.reject(new Error('no equivalent in KOI8R')));
  expect(form.write('ж')).toBe('ж');
});
