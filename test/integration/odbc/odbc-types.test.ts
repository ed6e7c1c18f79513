import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExactnessError } from '../../../shared/errors.ts';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { startPostgres } from '../../support/servers/postgres-server.ts';
import { type ReadResult, readThroughFerry, type TestServer } from '../../support/sync/read-through-ferry.ts';
import { ODBC_DRIVERS, odbcDrivers } from '../../support/tools/odbc-drivers.ts';
import { mysqlTypes } from '../../support/type-cases/mysql-types.ts';
import { postgresTypes, postgresTypesSetup } from '../../support/type-cases/postgres-types.ts';
import type { TypeCase } from '../../support/type-cases/type-case.ts';

// What comes through a driver is what DuckDB's own client reads, value by value and type by type; docs/types.md lists the exceptions.

interface Server extends TestServer, AsyncDisposable {
  query(sql: string): Promise<unknown>;
}

const servers = [
  { name: 'Postgres 18', kind: 'postgres', product: 'postgresql', start: () => startPostgres() },
  {
    name: 'Postgres 15',
    kind: 'postgres',
    product: 'postgresql',
    start: () => startPostgres({ binaries: '15' }),
  },
  {
    name: 'MariaDB',
    kind: 'mysql',
    product: 'mariadb',
    flavor: 'mariadb',
    start: () => startMysql({ flavor: 'mariadb' }),
  },
  {
    name: 'MySQL',
    kind: 'mysql',
    product: 'mariadb',
    flavor: 'mysql',
    start: () => startMysql({ flavor: 'mysql' }),
  },
] as const;

/** What the driver says of a type is not enough to read it as DuckDB's own client does. */
const exceptions: Readonly<Record<string, string>> = {
  // Refused, as the driver names a narrower type.
  'numeric(3,5)': 'refused',
  'numeric(5,-2)': 'refused',
  'numeric(39,1) and wider': 'refused',
  'decimal(39,1) and wider': 'refused',
  // The same values as text, or in another integer type.
  'numeric(10,2)[]': 'VARCHAR[]',
  'numeric(3,5)[]': 'VARCHAR[]',
  year: 'USMALLINT',
};

const unchecked = "SET SESSION sql_mode='ALLOW_INVALID_DATES', time_zone='+00:00';";

describe.each(servers)('types of $name through ODBC', (server) => {
  const { kind, product } = server;
  const schema = kind === 'mysql' ? 'ferry.' : '';
  const all: readonly TypeCase[] =
    kind === 'postgres'
      ? postgresTypes
      : mysqlTypes.filter(({ only }) => only === undefined || only === server.flavor);
  const isUnknown = ({ type }: TypeCase) => server.name === 'MySQL' && /^json/.test(type);
  const cases = all.map((each, index) => ({ ...each, index }));
  const read = cases.filter((each) => exceptions[each.type] !== 'refused' && !isUnknown(each));
  const mostRows = 8;
  let running: Server;
  let odbc: ReadResult;
  let native: ReadResult;
  let source: Record<string, unknown>;

  beforeAll(async () => {
    running = await server.start();
    source = { odbc: { product, driver: join(await odbcDrivers(), ODBC_DRIVERS[product]) } };
    const tables = cases.map(({ type, column, values, index }) => {
      const rows = values.map(([sql], n) => `(${n}, ${sql})`);
      return `CREATE TABLE ${schema}c${index} (n int, v ${column ?? type}); INSERT INTO ${schema}c${index} VALUES ${rows.join(', ')};`;
    });
    const numbers = Array.from({ length: mostRows }, (_, n) => `(${n})`).join(', ');
    await running.query(
      `${kind === 'mysql' ? unchecked : postgresTypesSetup}
       CREATE TABLE ${schema}s (n int); INSERT INTO ${schema}s VALUES ${numbers}; ${tables.join('\n')}`,
    );
    const columns = read.map(({ index }) => `c${index}.v AS c${index}`).join(', ');
    const joins = read.map(({ index }) => `LEFT JOIN c${index} ON c${index}.n = s.n`).join(' ');
    const sync = { query: `SELECT ${columns} FROM s ${joins} ORDER BY s.n` };
    [odbc, native] = [
      await readThroughFerry('odbc', running, { sync, source }),
      await readThroughFerry(kind, running, { sync }),
    ];
  }, 300_000);
  afterAll(() => running?.[Symbol.asyncDispose]());

  it.each(read.map((each, position) => ({ ...each, position })))('$type: the same', ({ type, position }) => {
    const rows = ({ content }: ReadResult) => content.rows.map((row) => row[position]);
    expect(odbc.rows).toBe(mostRows);
    expect(rows(odbc)).toEqual(rows(native));
    if (exceptions[type] === undefined) {
      expect(odbc.content.columns[position]).toEqual(native.content.columns[position]);
      expect(odbc.columns[position]?.type).toBe(native.columns[position]?.type);
    } else expect(odbc.columns[position]?.type).toBe(exceptions[type]);
  });

  it.each([
    ...cases
      .filter(({ type }) => exceptions[type] === undefined)
      .flatMap(({ type, column, refused = [] }) =>
        refused.map(([sql, says]) => ({ type, column, sql, says })),
      ),
    ...cases
      .filter(({ type }) => exceptions[type] === 'refused')
      .map(({ type, column, values }) => ({
        type,
        column,
        sql: values[0]?.[0],
        says: /a number that is not a decimal/,
      })),
  ])('$type: $sql is refused, with the name of the column', async ({ type, column, sql, says }) => {
    await running.query(
      `${kind === 'mysql' ? unchecked : ''} DROP TABLE IF EXISTS ${schema}refused;
       CREATE TABLE ${schema}refused (n int, amount ${column ?? type}); INSERT INTO ${schema}refused VALUES (1, NULL), (2, ${sql})`,
    );
    const query = 'SELECT * FROM refused';
    const failure = await readThroughFerry('odbc', running, {
      sync: { query },
      source,
      withContent: false,
    }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ExactnessError);
    expect((failure as ExactnessError).message).toContain('Column "amount"');
    expect((failure as ExactnessError).message).toMatch(says);
    if (exceptions[type] === undefined) return;
    // What the hint says works.
    const text = { query, columns: { amount: 'text' } };
    expect(await readThroughFerry('odbc', running, { sync: text, source, withContent: false })).toMatchObject(
      {
        rows: 2,
        columns: [{}, { type: 'VARCHAR' }],
      },
    );
  });

  it('floating-point numbers of all sizes, and text of all letters, are the same', async () => {
    const numbers = Array.from({ length: 600 }, (_, n) => {
      const size = 10 ** ((n % 300) - 150);
      return `(${n}, ${((Math.sin(n) * size * (n % 2 ? 1 : -1)) / 3).toExponential()}, ${Math.fround(Math.cos(n) * 1e5)}, ${kind === 'mysql' ? `CONVERT(X'${Buffer.from(letters(n)).toString('hex')}' USING utf8mb4)` : `convert_from('\\x${Buffer.from(letters(n)).toString('hex')}', 'UTF8')`})`;
    });
    const text = kind === 'mysql' ? 'text CHARACTER SET utf8mb4' : 'text';
    await running.query(
      `CREATE TABLE ${schema}many (n int, a ${kind === 'mysql' ? 'double' : 'float8'}, b ${kind === 'mysql' ? 'float' : 'float4'}, t ${text});
       INSERT INTO ${schema}many VALUES ${numbers.join(', ')}`,
    );
    const sync = { query: 'SELECT a, b, t FROM many ORDER BY n' };
    const [one, other] = [
      await readThroughFerry('odbc', running, { sync, source }),
      await readThroughFerry(kind, running, { sync }),
    ];
    expect(one.rows).toBe(600);
    expect(one.content).toEqual(other.content);
  });

  // A test that does not run counts as failed in CI.
  if (server.name !== 'MySQL') return;
  it('a type that the driver does not know is refused', async () => {
    await running.query('CREATE TABLE ferry.documents (a json)');
    const query = 'SELECT a FROM documents';
    const failure = readThroughFerry('odbc', running, { sync: { query }, source });
    await expect(failure).rejects.toThrow('Column "a" has a type that DuckDB\'s ODBC client does not know.');
    const cast = { query: 'SELECT CAST(a AS CHAR) AS a FROM documents' };
    expect(await readThroughFerry('odbc', running, { sync: cast, source })).toMatchObject({ rows: 0 });
  });
});

/** A text of letters from all planes of Unicode, among them what a driver may take for something else. */
function letters(seed: number): string {
  const alphabet = [
    'a',
    'ß',
    'Ж',
    '漢',
    '😀',
    '\u0301',
    '\ufeff',
    "'",
    '"',
    '\\',
    '{',
    '}',
    '?',
    ';',
    '\r\n',
    '\n',
    '\t',
    ' ',
    '%',
    '\u2028',
  ];
  return Array.from({ length: seed % 40 }, (_, n) => alphabet[(seed * 7 + n * n * 3) % alphabet.length]).join(
    '',
  );
}
