import { describe, expect, it } from 'vitest';
import { mysqlLexicalRules, postgresLexicalRules, trimStatement } from '../../../shared/duckdb/sql-text.ts';
import { sqliteLexicalRules } from '../../../shared/source/odbc/sqlite/sqlite-lexical.ts';

describe('trimStatement', () => {
  it.each([
    ['SELECT 1', 'SELECT 1'],
    ['  SELECT 1 ;\n', '  SELECT 1'],
    ['SELECT 1; -- every open order', 'SELECT 1'],
    ['SELECT 1 /* a /* nested */ comment */ ;;', 'SELECT 1'],
    // So that line 2 stays line 2 in the source's messages.
    ['-- first\nSELECT 1', '-- first\nSELECT 1'],
    ['SELECT 1 -- one\n, 2', 'SELECT 1 -- one\n, 2'],
    ["SELECT '; -- not a comment'", "SELECT '; -- not a comment'"],
    ["SELECT 'it''s;' ;", "SELECT 'it''s;'"],
    ["SELECT E'\\';' ;", "SELECT E'\\';'"],
    ['SELECT "odd;""name--" ;', 'SELECT "odd;""name--"'],
    ['SELECT $$; -- text$$ ;', 'SELECT $$; -- text$$'],
    ['SELECT $ü$;$$;$ü$ ; -- x', 'SELECT $ü$;$$;$ü$'],
    ['SELECT 1; SELECT 2;', 'SELECT 1; SELECT 2'],
    [';; SELECT 1 ;', '   SELECT 1'],
    ['SELECT 1 -- one\r WHERE false', 'SELECT 1 -- one\r WHERE false'],
    ['SELECT 4 - -1', 'SELECT 4 - -1'],
    // What the source would refuse, it must see.
    ['SELECT 1 /* a /* nested */ WHERE false', 'SELECT 1 /* a /* nested */ WHERE false'],
    ['SELECT 8/*c*//2', 'SELECT 8/*c*//2'],
    ['', ''],
    [' ; -- nothing', ''],
  ])('%j becomes %j', (sql, expected) => {
    expect(trimStatement(sql, postgresLexicalRules)).toBe(expected);
  });
});

it('trimStatement for SQLite, in which the end of a statement closes a comment', () => {
  expect(trimStatement('SELECT 1 /* WHERE false', sqliteLexicalRules)).toBe('SELECT 1');
});

describe('trimStatement for MySQL', () => {
  it.each([
    ['SELECT 1; # every open order', 'SELECT 1'],
    ['SELECT 1 -- one', 'SELECT 1'],
    ['SELECT 1 --', 'SELECT 1'],
    // Two signs, and no comment without a blank behind them.
    ['SELECT 2--1', 'SELECT 2--1'],
    ['SELECT 1 /* not /* nested */', 'SELECT 1'],
    ['SELECT 1 /* a */ */', 'SELECT 1 /* a */ */'],
    ['SELECT 1 /* WHERE false', 'SELECT 1 /* WHERE false'],
    // Run by the server, so no comment.
    ['SELECT 1 /*!50000 + 1 */', 'SELECT 1 /*!50000 + 1 */'],
    ['SELECT 1 /*M! + 1 */;', 'SELECT 1 /*M! + 1 */'],
    ["SELECT 'it\\'s; # no' ;", "SELECT 'it\\'s; # no'"],
    ["SELECT 'a''b;' ;", "SELECT 'a''b;'"],
    ['SELECT "a\\";" ;', 'SELECT "a\\";"'],
    ['SELECT `a``;#` ;', 'SELECT `a``;#`'],
    ['SELECT $$ ; # x', 'SELECT $$'],
    ['SELECT 1; SELECT 2;', 'SELECT 1; SELECT 2'],
  ])('%j becomes %j', (sql, expected) => {
    expect(trimStatement(sql, mysqlLexicalRules(''))).toBe(expected);
  });
});
