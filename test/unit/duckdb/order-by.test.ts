import { describe, expect, it } from 'vitest';
import { readOrderBy } from '../../../shared/duckdb/order-by.ts';
import { mysqlLexicalRules } from '../../../shared/duckdb/sql-text.ts';

describe('readOrderBy', () => {
  const up = (column: string | number) => ({ column, descending: false });
  const down = (column: string | number) => ({ column, descending: true });
  it.each([
    ['SELECT a FROM t ORDER BY a', [up('a')]],
    ['select a from t order  /* x */ by a desc', [down('a')]],
    ['SELECT a, `b``c` FROM t ORDER BY t.`b``c` ASC, 2 DESC, Größe', [up('b`c'), down(2), up('Größe')]],
    ['SELECT o.id, o.due FROM o ORDER BY o.id', [up('id')]],
    ['SELECT * FROM o ORDER BY o.id DESC', [down('id')]],
    ['SELECT DISTINCT o.* FROM o ORDER BY O.id', [up('id')]],
    ['SELECT ID, x + 1 y FROM s.o ORDER BY s.o.id', [up('id')]],
    // Of another column, or another table, than the result's.
    ['SELECT o.x AS id, o.due FROM o ORDER BY o.id', undefined],
    ['SELECT o.x id, o.due FROM o ORDER BY o.id', undefined],
    ['SELECT lower(o.x) `ID`, o.due FROM o ORDER BY o.id', undefined],
    ['SELECT a.id, b.x FROM a JOIN b ORDER BY b.id', undefined],
    ['SELECT a.*, b.x FROM a JOIN b ORDER BY b.id', undefined],
    ['SELECT o.due FROM o ORDER BY o.id', undefined],
    // By its alias, as the server does.
    ['SELECT o.x AS id FROM o ORDER BY id', [up('id')]],
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
