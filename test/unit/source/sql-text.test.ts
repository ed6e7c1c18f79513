import { describe, expect, it } from 'vitest';
import { postgresLexicalRules, trimStatement } from '../../../shared/source/sql-text.ts';

describe('trimStatement', () => {
  it.each([
    ['SELECT 1', 'SELECT 1'],
    ['  SELECT 1 ;\n', 'SELECT 1'],
    ['SELECT 1; -- every open order', 'SELECT 1'],
    ['SELECT 1 /* a /* nested */ comment */ ;;', 'SELECT 1'],
    ['-- first\nSELECT 1', 'SELECT 1'],
    ['SELECT 1 -- one\n, 2', 'SELECT 1 -- one\n, 2'],
    ["SELECT '; -- not a comment'", "SELECT '; -- not a comment'"],
    ["SELECT 'it''s;' ;", "SELECT 'it''s;'"],
    ["SELECT E'\\';' ;", "SELECT E'\\';'"],
    ['SELECT "odd;""name--" ;', 'SELECT "odd;""name--"'],
    ['SELECT $$; -- text$$ ;', 'SELECT $$; -- text$$'],
    ['SELECT $ü$;$$;$ü$ ; -- x', 'SELECT $ü$;$$;$ü$'],
    ['SELECT 1; SELECT 2;', 'SELECT 1; SELECT 2'],
    ['SELECT 1 -- one\r WHERE false', 'SELECT 1 -- one\r WHERE false'],
    ['SELECT 4 - -1', 'SELECT 4 - -1'],
    ['SELECT 8/*c*//2', 'SELECT 8/*c*//2'],
    ['', ''],
    [' ; -- nothing', ''],
  ])('%j becomes %j', (sql, expected) => {
    expect(trimStatement(sql, postgresLexicalRules)).toBe(expected);
  });
});
