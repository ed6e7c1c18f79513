import { describe, expect, it } from 'vitest';
import {
  mysqlLexicalRules,
  postgresLexicalRules,
  readOrderBy,
  trimStatement,
} from '../../../shared/duckdb/sql-text.ts';

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

describe('readOrderBy', () => {
  const up = (column: string | number) => ({ column, descending: false });
  const down = (column: string | number) => ({ column, descending: true });
  it.each([
    ['SELECT a FROM t ORDER BY a', [up('a')]],
    ['select a from t order  /* x */ by a desc', [down('a')]],
    ['SELECT a, b FROM t ORDER BY t.`b``c` ASC, 2 DESC, Größe', [up('b`c'), down(2), up('Größe')]],
    ['SELECT a FROM t UNION SELECT b FROM u ORDER BY 1', [up(1)]],
    ['WITH o AS (SELECT 1 LIMIT 1) SELECT * FROM o ORDER BY 1', [up(1)]],
    ['SELECT a FROM t', undefined],
    ['SELECT a FROM t ORDER BY a LIMIT 3', undefined],
    ['SELECT a FROM t ORDER BY a FOR UPDATE', undefined],
    ['SELECT a FROM t ORDER BY a FETCH FIRST 3 ROWS ONLY', undefined],
    ['SELECT a FROM t ORDER BY lower(a)', undefined],
    ['SELECT a FROM t ORDER BY -a', undefined],
    ['SELECT a FROM t ORDER BY a COLLATE utf8mb4_bin', undefined],
    ["SELECT a FROM t ORDER BY 'a'", undefined],
    ['SELECT a FROM (SELECT a FROM t ORDER BY a) q', undefined],
    ['SELECT row_number() OVER (ORDER BY a) FROM t', undefined],
    ['(SELECT a FROM t ORDER BY a) UNION SELECT b FROM u', undefined],
    ["SELECT 'ORDER BY' FROM t", undefined],
    ['SELECT a FROM t -- ORDER BY a', undefined],
    ['SELECT `order`, `by` FROM t', undefined],
  ])('of %j is %j', (sql, expected) => {
    expect(readOrderBy(sql, mysqlLexicalRules(''))).toEqual(expected);
  });
});

describe('mysqlLexicalRules', () => {
  it('takes a backslash for a letter where the session does', () => {
    const sql = "SELECT 'C:\\' AS p FROM o ORDER BY id -- '";
    expect(readOrderBy(sql, mysqlLexicalRules('NO_BACKSLASH_ESCAPES'))).toHaveLength(1);
    expect(readOrderBy(sql, mysqlLexicalRules('STRICT_TRANS_TABLES'))).toBeUndefined();
    const name = 'SELECT "a\\" FROM o ORDER BY id -- "';
    expect(readOrderBy(name, mysqlLexicalRules('ANSI_QUOTES'))).toHaveLength(1);
    expect(readOrderBy(name, mysqlLexicalRules(''))).toBeUndefined();
  });
});
