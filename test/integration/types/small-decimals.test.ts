import { expect, it } from 'vitest';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { readThroughFerry } from '../../support/sync/read-through-ferry.ts';

// The client calls what it counts as no digits at all a DOUBLE: found by the property test, as decimal(2,0) unsigned was planned with one.
const COLUMNS = [
  ['decimal(1,0)', '-9'],
  ['decimal(2,0)', '-99'],
  ['decimal(1,0) unsigned', '9'],
  ['decimal(2,0) unsigned', '81'],
  ['decimal(3,0) unsigned', '999'],
  ['decimal(1,1) unsigned', '0.9'],
  ['decimal(2,1) unsigned', '9.9'],
  ['decimal(2,2) unsigned', '0.99'],
] as const;

it.each(['mariadb', 'mysql'] as const)(
  'decimals of one to three digits of %s arrive as declared',
  async (flavor) => {
    await using server = await startMysql({ flavor });
    const declared = COLUMNS.map(([type], index) => `c${index} ${type}`).join(', ');
    await server.query(`CREATE TABLE t (${declared})`);
    await server.query(
      `INSERT INTO t VALUES (${COLUMNS.map(([, value]) => value).join(', ')}), (${COLUMNS.map(() => 'NULL').join(', ')})`,
    );
    const query = 'SELECT * FROM t ORDER BY c0 IS NULL';
    const { columns, content } = await readThroughFerry('mysql', server, { sync: { query } });
    expect(columns.map(({ type }) => type)).toEqual(
      COLUMNS.map(([type]) => type.replace(' unsigned', '').toUpperCase()),
    );
    expect(content.rows.map((row) => row.map((value) => (value === null ? null : String(value))))).toEqual([
      COLUMNS.map(([, value]) => value),
      COLUMNS.map(() => null),
    ]);
  },
);
