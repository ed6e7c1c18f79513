import { describe, expect, it } from 'vitest';
import { postgresLexicalRules } from '../../../../shared/duckdb/sql-text.ts';
import { ConfigError, QueryError } from '../../../../shared/errors.ts';
import { connectionString, withOptions } from '../../../../shared/source/odbc/connection-string.ts';
import { saidByDriver, withoutSecrets } from '../../../../shared/source/odbc/odbc-messages.ts';
import { assertPlainQuery } from '../../../../shared/source/odbc/plain-query.ts';
import { sqliteUriOf } from '../../../../shared/source/odbc/sqlite/sqlite-profile.ts';

describe('a connection string', () => {
  it('has values in braces if anything in them is special', () => {
    const parts = [
      ['Server', 'db.example.org'],
      ['Database', 'file:/data/a%20b.sqlite?mode=ro'],
      ['PWD', 'a;b}c{d=e'],
      ['UID', ''],
    ] as const;
    expect(connectionString(parts)).toBe(
      'Server=db.example.org;Database=file:/data/a%20b.sqlite?mode=ro;PWD={a;b}}c{d=e};UID={}',
    );
  });

  it('refuses a bare value that would end it', () => {
    expect(connectionString([['Database', `a "b" c'd`, 'bare']])).toBe(`Database=a "b" c'd`);
    for (const value of ['a;PWD=b', '{a', 'a}', ' a'])
      expect(() => connectionString([['Database', value, 'bare']])).toThrow(ConfigError);
  });

  it('has each option once, with the value that people gave it', () => {
    const parts = [
      ['Server', 'db.example.org'],
      ['Timeout', '10000'],
    ] as const;
    expect(connectionString(withOptions(parts, { TIMEOUT: 5, Keep: true }))).toBe(
      'Server=db.example.org;TIMEOUT=5;Keep=true',
    );
  });

  it('never repeats a value that it cannot hold', () => {
    expect(() => connectionString([['PWD', 'geheim\0']])).toThrow(/^PWD contains a zero byte/);
  });
});

describe('a message of the driver', () => {
  const message = (query: string, said: string) =>
    `Binder Error: 'SQLPrepare' failed, query: '${query}', return: -1, diagnostics: '${said}'\n\nLINE 1: SELECT * FROM odbc_query(getvariable('db'), 'x')\n               ^`;

  it('is what the driver said, whatever the query says', () => {
    const said = `42P01(1): relation "it's" does not exist`;
    expect(saidByDriver(message("SELECT ', diagnostics: ''x''' FROM a", said))).toBe(said);
    expect(saidByDriver('Out of Memory Error: x')).toBe('Out of Memory Error: x');
  });

  it('has no password in it', () => {
    const failed = `Invalid Input Error: 'SQLDriverConnect' failed, connection string: 'PWD=***\nheim', return: -1, diagnostics: '08001(1): invalid option "ge\nheim" in connection string'`;
    expect(withoutSecrets(failed, ['PWD={ge\nheim}', 'ge\nheim'])).toBe(
      '08001(1): invalid option "***" in connection string',
    );
  });
});

describe('a query through ODBC', () => {
  it.each([
    'SELECT 1; SELECT 2',
    'SELECT 1) AS q (a',
    '(SELECT 1',
    'SELECT 1)(',
    "SELECT '1' ? '2'",
    'SELECT 1\0',
  ])('is refused: %s', (query) => {
    expect(() => assertPlainQuery(query, postgresLexicalRules)).toThrow(QueryError);
  });

  it.each(['SELECT \';)(?\' AS "a;?)"', 'SELECT (1) -- ;)?', 'SELECT $$;?)$$', 'SELECT /* ) */ 1'])(
    'is one statement between its brackets: %s',
    (query) => {
      expect(() => assertPlainQuery(query, postgresLexicalRules)).not.toThrow();
    },
  );
});

describe("a path for SQLite's driver", () => {
  it.each([
    ['/data/a b#1.sqlite', 'file:/data/a%20b%231.sqlite?mode=ro'],
    ['/data/Büro.sqlite', 'file:/data/B%C3%BCro.sqlite?mode=ro'],
    // Too long in ASCII: the bytes of its letters, each as a letter.
    [`/ß;${'ü'.repeat(100)}`, `file:/Ã\u009f%3B${'Ã¼'.repeat(100)}?mode=ro`],
  ])('%s is the URI %s', (path, uri) => {
    expect(sqliteUriOf(path)).toBe(uri);
  });

  it('has at most 511 bytes', () => {
    expect(sqliteUriOf(`/${'a'.repeat(497)}`)).toHaveLength(511);
    expect(() => sqliteUriOf(`/${'a'.repeat(498)}`)).toThrow("too long for SQLite's ODBC driver");
  });
});
