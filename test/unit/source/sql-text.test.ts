import { describe, expect, it } from 'vitest';
import {
  endsInOrderBy,
  mysqlLexicalRules,
  postgresLexicalRules,
  trimStatement,
} from '../../../shared/source/sql-text.ts';

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
    ['SELECT 8/*c*//2', 'SELECT 8/*c*//2'],
    ['', ''],
    [' ; -- nothing', ''],
  ])('%j becomes %j', (sql, expected) => {
    expect(trimStatement(sql, postgresLexicalRules)).toBe(expected);
  });
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

describe('endsInOrderBy', () => {
  it.each([
    ['SELECT a FROM t ORDER BY a', true],
    ['select a from t order  /* x */ by a desc', true],
    ['SELECT a FROM t UNION SELECT b FROM u ORDER BY 1', true],
    ['WITH o AS (SELECT 1 LIMIT 1) SELECT * FROM o ORDER BY 1', true],
    ['SELECT a FROM t', false],
    ['SELECT a FROM t ORDER BY a LIMIT 3', false],
    ['SELECT a FROM t ORDER BY a FOR UPDATE', false],
    ['SELECT a FROM t ORDER BY a FETCH FIRST 3 ROWS ONLY', false],
    ['SELECT a FROM (SELECT a FROM t ORDER BY a) q', false],
    ['SELECT row_number() OVER (ORDER BY a) FROM t', false],
    ['(SELECT a FROM t ORDER BY a) UNION SELECT b FROM u', false],
    ["SELECT 'ORDER BY' FROM t", false],
    ['SELECT a FROM t -- ORDER BY a', false],
    ['SELECT `order`, `by` FROM t', false],
  ])('of %j is %s', (sql, expected) => {
    expect(endsInOrderBy(sql, mysqlLexicalRules(''))).toBe(expected);
  });
});

describe('mysqlLexicalRules', () => {
  it('takes a backslash for a letter where the session does', () => {
    const sql = "SELECT 'C:\\' AS p FROM o ORDER BY id -- '";
    expect(endsInOrderBy(sql, mysqlLexicalRules('NO_BACKSLASH_ESCAPES'))).toBe(true);
    expect(endsInOrderBy(sql, mysqlLexicalRules('STRICT_TRANS_TABLES'))).toBe(false);
    const name = 'SELECT "a\\" FROM o ORDER BY id -- "';
    expect(endsInOrderBy(name, mysqlLexicalRules('ANSI_QUOTES'))).toBe(true);
    expect(endsInOrderBy(name, mysqlLexicalRules(''))).toBe(false);
  });
});
