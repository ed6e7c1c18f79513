import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExactnessError } from '../../../shared/errors.ts';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { startPostgres } from '../../support/servers/postgres-server.ts';
import { type ReadResult, readThroughFerry, type TestServer } from '../../support/sync/read-through-ferry.ts';
import { mysqlTypes } from '../../support/type-cases/mysql-types.ts';
import { postgresTypes, postgresTypesSetup } from '../../support/type-cases/postgres-types.ts';
import { arrowTypeOf, type TypeCase } from '../../support/type-cases/type-case.ts';

interface Server extends TestServer, AsyncDisposable {
  query(sql: string): Promise<unknown>;
}

const postgres15 = '15';
const servers = [
  { name: 'Postgres 15', kind: 'postgres', start: () => startPostgres({ binaries: postgres15 }) },
  { name: 'Postgres 18', kind: 'postgres', start: () => startPostgres() },
  { name: 'MariaDB', kind: 'mysql', flavor: 'mariadb', start: () => startMysql({ flavor: 'mariadb' }) },
  { name: 'MySQL', kind: 'mysql', flavor: 'mysql', start: () => startMysql({ flavor: 'mysql' }) },
] as const;

const casesOf = (server: (typeof servers)[number]): readonly TypeCase[] =>
  server.kind === 'postgres'
    ? postgresTypes
    : mysqlTypes.filter(({ only }) => only === undefined || only === server.flavor);

// How each kind of database writes a name, and how zero dates and the like get into a table of it.
const words = {
  postgres: { schema: '', unchecked: '', oddName: '"Größe ""x"""' },
  mysql: {
    schema: 'ferry.',
    unchecked: "SET SESSION sql_mode='ALLOW_INVALID_DATES', time_zone='+00:00';",
    oddName: '`Größe "x"`',
  },
} as const;

describe.each(servers)('types of $name', (server) => {
  const { kind, start } = server;
  const { schema, unchecked, oddName } = words[kind];
  const cases = casesOf(server).map((each, index) => ({ ...each, index }));
  const columns = cases.map(({ index }) => `c${index}.v AS c${index}`).join(', ');
  const joins = cases.map(({ index }) => `LEFT JOIN c${index} ON c${index}.n = s.n`).join(' ');
  let running: Server;
  let exact: ReadResult;
  let compatible: ReadResult;

  const read = (sync: Record<string, unknown>, withContent: boolean) =>
    readThroughFerry(kind, running, { sync, withContent });

  beforeAll(async () => {
    running = await start();
    const tables = cases.map(({ type, column, values, index }) => {
      const rows = values.map(([sql], n) => `(${n}, ${sql})`);
      return `CREATE TABLE ${schema}c${index} (n int, v ${column ?? type}); INSERT INTO ${schema}c${index} VALUES ${rows.join(', ')};`;
    });
    const numbers = Array.from({ length: 8 }, (_, n) => `(${n})`).join(', ');
    await running.query(
      `${unchecked} ${kind === 'postgres' ? postgresTypesSetup : ''}
       CREATE TABLE ${schema}s (n int); INSERT INTO ${schema}s VALUES ${numbers}; ${tables.join('\n')}`,
    );
    // One file for all: each further one costs half a second of pyarrow.
    exact = await read({ query: `SELECT ${columns} FROM s ${joins} ORDER BY s.n` }, true);
    // Without rows, as some of the connector's types fail on values that it could not carry.
    const none = `SELECT ${columns} FROM s ${joins} WHERE s.n < 0`;
    compatible = await read({ query: none, types: 'compatible' }, false);
  }, 300_000);
  afterAll(() => running?.[Symbol.asyncDispose]());

  it.each(cases)('$type: every value arrives', ({ exact: type, values, index }) => {
    expect(exact.columns[index]).toMatchObject({ name: `c${index}`, type });
    expect(exact.content.columns[index]).toEqual({ name: `c${index}`, type: arrowTypeOf(type) });
    const expected = Array.from({ length: 8 }, (_, n) => values[n]?.[1] ?? null);
    expect(exact.content.rows.map((row) => row[index])).toEqual(expected);
  });

  // Nothing else is read so, and a test that is skipped counts as failed in CI.
  const ofPostgres = kind === 'postgres' ? [kind] : [];
  it.each(ofPostgres)('every value arrives over several connections', async () => {
    const rows = (condition: string) =>
      `SELECT ${columns}, s.n, NULL::text AS pad FROM s ${joins} WHERE ${condition}`;
    // Between them as many blocks as make a table worth it for the planner.
    await running.query(
      `CREATE TABLE wide AS ${rows('s.n < 4')}; INSERT INTO wide (n, pad) SELECT 100, repeat('x', 1500) FROM generate_series(1, 500);
       INSERT INTO wide ${rows('s.n >= 4')}; ANALYZE wide`,
    );
    const names = cases.map(({ index }) => `c${index}`).join(', ');
    const together = await readThroughFerry(kind, running, {
      sync: { query: `SELECT ${names}, n FROM wide WHERE n < 8` },
      minBytes: 1,
    });
    expect(together.reading).toEqual({ mode: 'parallel', connections: 2 });
    expect(together.content.columns.slice(0, -1)).toEqual(exact.content.columns);
    const sorted = together.content.rows.toSorted((a, b) => Number(a.at(-1)) - Number(b.at(-1)));
    expect(sorted.map((row) => row.slice(0, -1))).toEqual(exact.content.rows);
  });

  it.each(cases)('$type with types: compatible', ({ exact: type, compatible: other, warning, index }) => {
    expect(compatible.columns[index]).toMatchObject({ name: `c${index}`, type: other ?? type });
    const own = compatible.warnings.filter((text) => text.includes(`"c${index}"`));
    expect(own).toEqual(warning ? [expect.stringMatching(warning)] : []);
  });

  it.each(
    cases.flatMap(({ type, column, refused = [] }) =>
      refused.map(([sql, says]) => ({ type, column, sql, says })),
    ),
  )('$type: $sql is refused, with the name of the column', async ({ type, column, sql, says }) => {
    await running.query(
      `${unchecked} DROP TABLE IF EXISTS ${schema}refused;
       CREATE TABLE ${schema}refused (n int, ${oddName} ${column ?? type});
       INSERT INTO ${schema}refused VALUES (1, NULL), (2, ${sql})`,
    );
    const failure = await read({ query: 'SELECT * FROM refused' }, false).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ExactnessError);
    const { message, hint } = failure as ExactnessError;
    expect(message).toContain('Column "Größe "x""');
    expect(message).toMatch(says);
    expect(hint).toMatch(/^Write .*Größe/);
    // What the hint says works.
    const text = await read({ query: 'SELECT * FROM refused', columns: { 'Größe "x"': 'text' } }, false);
    expect(text).toMatchObject({ rows: 2, columns: [{}, { type: 'VARCHAR' }] });
  });
});

describe('docs/types.md', () => {
  const text = readFileSync(new URL('../../../docs/types.md', import.meta.url), 'utf8');
  /** The first three cells of each row of a section's table. */
  const rowsOf = (title: string) => {
    const section = text.split(/^## /m).find((part) => part.startsWith(title)) ?? '';
    const lines = section.split('\n').filter((line) => /^\| (?!---|type)/.test(line));
    return lines.map((line) =>
      line
        .split('|')
        .slice(1, 4)
        .map((cell) => cell.trim().replaceAll('`', ''))
        .join(' → '),
    );
  };

  it.each([
    ['Postgres', postgresTypes],
    ['MySQL and MariaDB', mysqlTypes],
  ] as const)('has a row for each tested type of %s, and no other', (title, cases) => {
    const tested = cases.map(({ type, exact, compatible }) => `${type} → ${exact} → ${compatible ?? exact}`);
    expect(rowsOf(title)).toEqual(tested);
  });
});
