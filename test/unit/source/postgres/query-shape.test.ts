import { describe, expect, it } from 'vitest';
import { parsePostgres } from '../../../../shared/source/postgres/parts/parse-postgres.ts';
import {
  assertSameButTable,
  partText,
  rangesOf,
} from '../../../../shared/source/postgres/parts/part-text.ts';
import { Obstacle, readShape } from '../../../../shared/source/postgres/parts/query-shape.ts';

const shapeOf = async (sql: string) => readShape(await parsePostgres(sql));

describe('a query that several connections may read', () => {
  it('consists of one table, columns, expressions and a condition', async () => {
    const shape = await shapeOf(
      `SELECT o.*, "Größe", lower(o.name) || 'x' AS n, (due AT TIME ZONE 'UTC')::date, created::date, date(changed), tags[1],
         CASE status WHEN 1 THEN 'a' ELSE 'b' END, COALESCE(a, b), GREATEST(c, 0), numeric '1.5', ARRAY[a, b] = '{1}', x::numeric(10,2)
       FROM app.orders AS o WHERE o.id IN (1, 2) AND a BETWEEN 1 AND 5 AND b IS NOT NULL AND name LIKE 'A%' AND NOT done
         AND kind = ANY ('{1,2}') AND c IS DISTINCT FROM 3 AND EXTRACT(year FROM due) > 2020 AND name COLLATE "C" > 'b'`,
    );
    expect(shape.table).toEqual({ schema: 'app', name: 'orders' });
    expect([...shape.columns].toSorted()).toEqual(
      [
        'Größe',
        'a',
        'b',
        'c',
        'changed',
        'created',
        'done',
        'due',
        'id',
        'kind',
        'name',
        'status',
        'tags',
        'x',
      ].toSorted(),
    );
    expect([...shape.functions].toSorted()).toEqual(['date', 'extract', 'lower', 'timezone']);
    expect([...shape.operators].toSorted()).toEqual(['<', '<=', '=', '>', '>=', '||', '~~']);
    expect([...shape.types].toSorted()).toEqual(['date', 'numeric']);
    expect(shape.momentCasts).toEqual([
      { kind: 'function', name: 'timezone' },
      { kind: 'column', name: 'created' },
      { kind: 'column', name: 'changed' },
    ]);
  });

  it('says which columns of the result are those of the table', async () => {
    const { results } = await shapeOf(
      'SELECT o.*, "Größe", o.b AS c, (d), a::numeric(5,2), -e, 1 AS f FROM orders o',
    );
    expect(results).toEqual(['all', 'column', 'column', 'column', 'computed', 'computed', 'computed']);
  });

  it.each([
    ['SELECT * FROM a, b', 'joins tables'],
    ['SELECT * FROM a JOIN b USING (id)', 'joins tables'],
    ['SELECT * FROM a NATURAL JOIN b', 'joins tables'],
    ['SELECT * FROM (SELECT * FROM a) s', 'reads a subquery'],
    ['SELECT * FROM LATERAL (SELECT 1) s', 'reads a subquery'],
    ['SELECT * FROM generate_series(1, 3)', 'reads the rows of a function'],
    ['SELECT * FROM a TABLESAMPLE system (50)', 'TABLESAMPLE'],
    ['SELECT * FROM ONLY a', 'ONLY'],
    ['SELECT * FROM db.s.a', 'a table with catalogname'],
    ['SELECT x FROM a AS t (x, y)', 'names of columns with colnames'],
    ['SELECT 1', 'reads no table'],
    ['VALUES (1)', 'VALUES'],
    ['TABLE a ORDER BY 1', 'ORDER BY'],
    ['SELECT * FROM a UNION ALL SELECT * FROM b', 'UNION'],
    ['SELECT DISTINCT x FROM a', 'DISTINCT'],
    ['SELECT DISTINCT ON (x) x FROM a', 'DISTINCT'],
    ['SELECT x FROM a GROUP BY x', 'GROUP BY'],
    ['SELECT 1 FROM a HAVING true', 'HAVING'],
    ['SELECT * FROM a ORDER BY 1', 'ORDER BY'],
    ['SELECT * FROM a LIMIT 5', 'LIMIT'],
    ['SELECT * FROM a FETCH FIRST 5 ROWS ONLY', 'LIMIT'],
    ['SELECT * FROM a OFFSET 5', 'OFFSET'],
    ['SELECT * FROM a FOR UPDATE', 'FOR UPDATE'],
    ['WITH w AS (SELECT 1) SELECT * FROM a', 'WITH'],
    ['SELECT * INTO b FROM a', 'INTO'],
    ['SELECT row_number() OVER () FROM a', 'row_number() with over'],
    ['SELECT sum(x) OVER w FROM a WINDOW w AS (ORDER BY x)', 'WINDOW'],
    ['SELECT count(*) FROM a', 'count() with agg_star'],
    ['SELECT count(DISTINCT x) FROM a', 'count() with agg_distinct'],
    ['SELECT max(x) FILTER (WHERE y) FROM a', 'max() with agg_filter'],
    ['SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM a', 'percentile_cont() with agg_'],
    ["SELECT format('%s', VARIADIC x) FROM a", 'format() with func_variadic'],
    ['SELECT (SELECT 1) FROM a', 'a subquery'],
    ['SELECT * FROM a WHERE EXISTS (SELECT 1)', 'a subquery'],
    ['SELECT * FROM a WHERE x IN (SELECT y FROM b)', 'a subquery'],
    ['SELECT ARRAY(SELECT 1) FROM a', 'a subquery'],
    ['SELECT current_date FROM a', 'current_date'],
    ['SELECT * FROM a WHERE due < current_timestamp', 'current_date'],
    ['SELECT current_user FROM a', 'current_date'],
    ['SELECT session_user, user FROM a', 'current_date'],
    ['SELECT f(a.*) FROM a', 'a whole row'],
    ['SELECT ROW(x, y) FROM a', 'RowExpr'],
    ['SELECT * FROM a WHERE (x, y) = (1, 2)', 'RowExpr'],
    ['SELECT (x).y FROM a', 'a field of a value'],
    ['SELECT (x).* FROM a', 'a field of a value'],
    ['SELECT s.a.x FROM s.a', 'a column with its schema'],
    ['SELECT s.a.* FROM s.a', 'a column with its schema'],
    ['SELECT a.x FROM a AS b', 'a column with its schema'],
    ['SELECT $1 FROM a', 'parameters'],
    ["SELECT * FROM a WHERE due < 'now'", "a constant like 'now'"],
    ["SELECT * FROM a WHERE due = ANY ('{Today,2024-01-01}')", "a constant like 'now'"],
    ["SELECT date 'yesterday' FROM a", "a constant like 'now'"],
    ["SELECT E'\\x6eow'::timestamptz FROM a", "a constant like 'now'"],
    ["SELECT COALESCE(due, 'tomorrow') FROM a", "a constant like 'now'"],
    ['SELECT x::timetz FROM a', 'converts to timetz'],
    ['SELECT x::regclass FROM a', 'converts to regclass'],
    ['SELECT x::daterange FROM a', 'converts to daterange'],
    ['SELECT x::date[] FROM a', 'converts to date[]'],
    ['SELECT x::app.kind FROM a', 'converts to kind'],
    ['SELECT x::xml FROM a', 'converts to xml'],
    ['SELECT x::text::date FROM a', 'converts a computed value to a date'],
    ['SELECT COALESCE(x, y)::timestamp FROM a', 'converts a computed value to a date'],
    ['SELECT date(CASE WHEN x THEN y END) FROM a', 'converts a computed value to a date'],
    ['SELECT xmlelement(name x) FROM a', 'contains XmlExpr'],
    ["SELECT JSON_VALUE(x, '$') FROM a", 'contains JsonFuncExpr'],
    ['SELECT x IS JSON FROM a', 'contains JsonIsPredicate'],
    ['SELECT f(y => x) FROM a', 'contains NamedArgExpr'],
    ['SELECT GROUPING(x) FROM a', 'contains GroupingFunc'],
    ['SELECT 1 FROM a; SELECT 2 FROM a', 'not one SELECT'],
    ['INSERT INTO a VALUES (1) RETURNING *', 'not one SELECT'],
    ['EXPLAIN SELECT 1', 'not one SELECT'],
  ])('is not: %s', async (sql, reason) => {
    const error = await shapeOf(sql).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Obstacle);
    expect(String(error)).toContain(reason);
  });
});

describe('the text of a part', () => {
  const table = { schema: 'app "x"', name: 'Größe' };
  const range = { from: 10, to: 20 };
  const place = `(SELECT * FROM ONLY "app ""x"""."Größe" WHERE ctid OPERATOR(pg_catalog.>=) '(10,0)'::pg_catalog.tid AND ctid OPERATOR(pg_catalog.<) '(20,0)'::pg_catalog.tid)`;

  it.each([
    ['SELECT * FROM "Größe"', `SELECT * FROM ${place} AS "Größe"`],
    [
      `SELECT 'ü € 😀 FROM x' AS "FROM y", * FROM "Größe" g WHERE 1 = 1`,
      `SELECT 'ü € 😀 FROM x' AS "FROM y", * FROM ${place} g WHERE 1 = 1`,
    ],
    [
      'SELECT * FROM /* a FROM b */ App . -- c\n GRöße AS "G"',
      `SELECT * FROM /* a FROM b */ ${place} AS "G"`,
    ],
    ['TABLE app."orders"', undefined],
    ['SELECT ordErs.x FROM ordErs', `SELECT ordErs.x FROM ${place} AS "orders"`],
  ])('%s', async (sql, expected) => {
    const statements = await parsePostgres(sql);
    const part = partText(sql, readShape(statements), table, range);
    if (expected !== undefined) {
      expect(part).toBe(expected);
      assertSameButTable(statements, await parsePostgres(part));
    } else {
      // TABLE takes a name only.
      await expect(parsePostgres(part)).rejects.toThrow();
    }
  });

  it('is not made for a name that is written in escapes', async () => {
    const sql = 'SELECT * FROM U&"\\006frders"';
    const shape = await shapeOf(sql);
    expect(shape.table.name).toBe('orders');
    expect(() => partText(sql, shape, table, range)).toThrow(Obstacle);
  });

  it('must be the same query but for the table', async () => {
    const [whole, other] = await Promise.all(
      ['SELECT x FROM a', 'SELECT y FROM (SELECT * FROM a) AS a'].map(parsePostgres),
    );
    expect(() => assertSameButTable(whole ?? [], other ?? [])).toThrow(Obstacle);
  });

  it('covers all blocks once, and those that come later', () => {
    expect(rangesOf(7, 3)).toEqual([
      { from: 0, to: 2 },
      { from: 2, to: 4 },
      { from: 4, to: undefined },
    ]);
    expect(rangesOf(1, 2)).toEqual([
      { from: 0, to: 0 },
      { from: 0, to: undefined },
    ]);
  });
});
