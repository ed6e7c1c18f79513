import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExactnessError, FerryError } from '../../../shared/errors.ts';
import { failureOf } from '../../support/failure-of.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import { readThroughFerry } from '../../support/sync/read-through-ferry.ts';

// What an independent review found to get damaged, though every type on its own was right.

describe.each(['mariadb', 'mysql'] as const)('%s', (flavor) => {
  let server: MysqlServer;
  beforeAll(async () => {
    server = await startMysql({ flavor });
    await server.query(
      `SET SESSION sql_mode = '';
       CREATE TABLE ferry.z (i int, d date); INSERT INTO ferry.z VALUES (1, '0000-00-00');
       CREATE DATABASE aaa; CREATE TABLE aaa.both_ (a int); CREATE TABLE ferry.both_ (a date);
       INSERT INTO ferry.both_ VALUES ('0000-00-00');
       CREATE TABLE ferry.only_ (a int); INSERT INTO ferry.only_ VALUES (7);
       CREATE DATABASE shop; CREATE TABLE shop.t (a int); INSERT INTO shop.t VALUES (8);
       CREATE TABLE ferry.bins (b varbinary(10), l longblob); INSERT INTO ferry.bins VALUES (x'00ff80', x'00ff80');
       CREATE TABLE ferry.f (id int, f float, d double, m double(10,2), s decimal(1,0), u decimal(1,1) unsigned, w decimal(20,2), t date, bit bit(1), j json);
       INSERT INTO ferry.f VALUES (1, 16777217, 3.4e38, -0.01, 9, 0.9, 123456789012345678.90, '2024-01-01', 1, '{"a": 1}'),
         (2, 0.1234567, 1.5, 99999999.99, NULL, NULL, -0.01, '2024-01-01', 0, NULL);`,
    );
  }, 300_000);
  afterAll(() => server?.stop());
  const read = (sync: Record<string, unknown>, at: object = {}) =>
    readThroughFerry('mysql', { ...server, ...at }, { sync });

  it.each(['SELECT x FROM db.z t(i,x)', 'SELECT #2 FROM db.z', 'SELECT z FROM db.z'])(
    'a duckdbQuery cannot read a column unnoticed: %s',
    async (duckdbQuery) => {
      expect(await failureOf(read({ duckdbQuery }))).toBeInstanceOf(ExactnessError);
    },
  );

  it('a table without a schema is the one in the login’s database', async () => {
    expect(await failureOf(read({ duckdbQuery: 'SELECT a FROM db.both_' }))).toBeInstanceOf(ExactnessError);
    expect((await read({ duckdbQuery: 'SELECT a FROM db.only_' })).content.rows).toEqual([[7]]);
    expect((await read({ duckdbQuery: 'SELECT a FROM db.t' }, { database: 'shop' })).content.rows).toEqual([
      [8],
    ]);
  });

  // The client takes them for text, and MariaDB makes a question mark of each byte that is none.
  it.each([
    'GROUP_CONCAT(b)',
    "IFNULL(l, '')",
    'MAX(l)',
    'CASE WHEN 1 > 0 THEN l END',
    '(SELECT l FROM bins LIMIT 1)',
    'FROM_BASE64(TO_BASE64(b))',
    "CONCAT(b, '')",
    'CAST(l AS BINARY)',
    "REPLACE(b, 'x', 'y')",
  ])('computed bytes are bytes: %s', async (bytes) => {
    const { columns, content } = await read({ query: `SELECT ${bytes} AS g FROM bins` });
    expect(columns.map(({ type }) => type)).toEqual(['BLOB']);
    expect(content.rows).toEqual([['00ff80']]);
    const compatible = await read({ query: `SELECT ${bytes} AS g FROM bins`, types: 'compatible' });
    expect(compatible.content.rows).toEqual([['00ff80']]);
  });

  it.each(['NULL', 'COALESCE(NULL, NULL)', 'IFNULL(NULL, NULL)', '(SELECT NULL)'])(
    'a column that is always NULL is text: %s',
    async (expression) => {
      for (const types of ['exact', 'compatible']) {
        const { columns, content } = await read({ query: `SELECT ${expression} AS n FROM bins`, types });
        expect([columns[0]?.type, content.rows]).toEqual(['VARCHAR', [[null]]]);
      }
    },
  );

  it('JSON is text, as a column and computed', async () => {
    const { columns, content } = await read({
      query:
        "SELECT j, IFNULL(j, '') AS i, JSON_EXTRACT(j, '$.a') AS e, MAX(j) OVER () AS m FROM f WHERE id = 1",
    });
    expect(columns.map(({ type }) => type)).toEqual(['VARCHAR', 'VARCHAR', 'VARCHAR', 'VARCHAR']);
    expect(content.rows).toEqual([['{"a": 1}', '{"a": 1}', '1', '{"a": 1}']]);
  });

  // MySQL sends digits of any length.
  if (flavor === 'mariadb') {
    it('computed bytes are refused where their digits are NULL', async () => {
      const { message } = await failureOf(
        read({ query: 'SELECT REPEAT(l, @@max_allowed_packet DIV 5) AS g FROM bins' }),
      );
      expect(message).toMatch(/Column "g" \(binary\) contains more bytes than half of max_allowed_packet/);
    });
  }

  it('doubles with fixed decimals stay doubles, with all their digits', async () => {
    const { columns, content } = await read({
      query: 'SELECT id, m, ROUND(m, 1) AS r, t FROM f WHERE id = 2',
    });
    expect(columns.map(({ type }) => type)).toEqual(['INTEGER', 'DOUBLE', 'DOUBLE', 'DATE']);
    expect(content.rows).toEqual([[2, 99999999.99, 1e8, '2024-01-01']]);
    const deviation = await read({ query: 'SELECT STD(id) AS s FROM f' });
    expect(deviation).toMatchObject({ columns: [{ type: 'DOUBLE' }], content: { rows: [[0.5]] } });
  });

  it.each(['ROUND(d, 2)', 'm / 0.001', 'm * m'])(
    'a double with fixed decimals is not truncated by Ferry: %s',
    async (r) => {
      const last = ({ content }: Awaited<ReturnType<typeof read>>) => content.rows.map((row) => row.at(-1));
      // Without a date nothing is converted, so that this is the query as it is.
      const expected = last(await read({ query: `SELECT id, ${r} AS r FROM f ORDER BY id` }));
      expect(last(await read({ query: `SELECT t, ${r} AS r FROM f ORDER BY id` }))).toEqual(expected);
      // Where the server must keep the rows, it may cut them: then the column is refused, and what the hint says works.
      const grouped = (value: string) => `SELECT t, ${value} AS r FROM f GROUP BY id, d, m, t ORDER BY 1, id`;
      const result = await read({ query: grouped(r) }).catch((error: unknown) => error);
      if (result instanceof ExactnessError) {
        expect(result.message).toMatch(/Column "r" .* MariaDB may truncate/);
        expect(last(await read({ query: grouped(`${r} + 0e0`) })).toSorted()).toEqual(expected.toSorted());
      } else {
        expect(last(result as Awaited<ReturnType<typeof read>>).toSorted()).toEqual(expected.toSorted());
      }
    },
  );

  it('a column as text is as exact as a number', async () => {
    const query = 'SELECT id, ROUND(d, 2) AS r FROM f ORDER BY id';
    const { content } = await read({ query, columns: { r: 'text' } });
    expect(content.rows.map(([, r]) => Number(r))).toEqual([3.4e38, 1.5]);
  });

  it('decimals of one digit are decimals', async () => {
    const { content } = await read({ query: 'SELECT s, u, w FROM f ORDER BY id' });
    expect(content.columns.map(({ type }) => type)).toEqual([
      'decimal128(1, 0)',
      'decimal128(1, 1)',
      'decimal128(20, 2)',
    ]);
    expect(content.rows).toEqual([
      ['9', '0.9', '123456789012345678.90'],
      [null, null, '-0.01'],
    ]);
  });

  it('a float, a bit and a double as text have all their digits', async () => {
    const { content } = await read({
      query: 'SELECT f, bit FROM f ORDER BY id',
      columns: { f: 'text', bit: 'text' },
    });
    expect(content.rows).toEqual([
      ['16777216', '1'],
      [expect.stringMatching(/^0\.1234567\d+$/), '0'],
    ]);
  });

  it('constants and unions have the types that were planned', async () => {
    const { content, columns } = await read({
      query: "SELECT -1 AS n, TRUE AS b, j, t FROM f WHERE id = 1 UNION SELECT 2, FALSE, 'é', '2024-01-02'",
    });
    expect(content.columns.map(({ type }) => type)).toEqual(
      columns.map(
        ({ type }) => ({ BIGINT: 'int64', INTEGER: 'int32', VARCHAR: 'string', DATE: 'date32[day]' })[type],
      ),
    );
    expect(content.rows.map((row) => row[2])).toContain('é');
  });

  it('NULL is NULL, and not a time', async () => {
    const { content } = await read({
      query: 'SELECT NULL AS n, COALESCE(NULL, NULL) AS c, t FROM f WHERE id = 1',
    });
    expect(content.rows).toEqual([[null, null, '2024-01-01']]);
  });

  it('a backslash is a letter if the session says so', async () => {
    const mode = "SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES'";
    await server.query(mode);
    try {
      const { content } = await read({ query: "SELECT id, t, 'C:\\' AS p FROM f ORDER BY id DESC -- '" });
      expect(content.rows).toEqual([
        [2, '2024-01-01', 'C:\\'],
        [1, '2024-01-01', 'C:\\'],
      ]);
    } finally {
      await server.query('SET GLOBAL sql_mode = DEFAULT');
    }
  });

  it('a locking clause is not taken for an invalid date', async () => {
    const result = await read({ query: 'SELECT id, t FROM f ORDER BY id FOR UPDATE' }).catch(
      (error: unknown) => error,
    );
    if (result instanceof FerryError) expect(result.class).not.toBe('ExactnessError');
    else expect((result as Awaited<ReturnType<typeof read>>).content.rows).toHaveLength(2);
  });

  it('with types: compatible a decimal beyond 38 digits is the DOUBLE that the connector wrote', async () => {
    const query = 'SELECT CAST(1 AS DECIMAL(39,0)) AS a, CAST(1.5 AS DECIMAL(39,1)) AS b';
    const { content, warnings } = await read({ query, types: 'compatible' });
    expect(content).toMatchObject({ columns: [{ type: 'double' }, { type: 'double' }], rows: [[1, 1.5]] });
    expect(warnings).toHaveLength(2);
  });

  it('boolean: a tinyint(1) and a bit(1), in both modes', async () => {
    for (const types of ['exact', 'compatible']) {
      const { content } = await read({
        query: 'SELECT bit, s FROM f ORDER BY id',
        types,
        columns: { bit: 'boolean' },
      });
      expect(content.rows.map(([bit]) => bit)).toEqual([true, false]);
    }
  });

  it('names that Ferry gives to columns without one leave those of the query alone', async () => {
    const { content } = await read({
      query: `SELECT 7 AS ferry_column_1, '', i AS FERRY_COLUMN_1_, CURDATE() > '2020-01-01' AS b FROM z`,
    });
    expect(content.columns.map(({ name }) => name)).toEqual(['ferry_column_1', 'C1', 'FERRY_COLUMN_1_', 'b']);
    expect(content.rows).toEqual([[7, '', 1, 1]]);
  });
});
