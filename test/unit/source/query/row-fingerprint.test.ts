import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDuckdb } from '../../../../shared/duckdb/open-duckdb.ts';
import { RowNotes } from '../../../../shared/source/query/note-rows.ts';
import {
  areComparable,
  fingerprintRows,
  hashOfRow,
} from '../../../../shared/source/query/row-fingerprint.ts';
import type { SourceSession } from '../../../../shared/source/sessions/session.ts';

let instance: DuckDBInstance;
let connection: DuckDBConnection;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry fingerprint ü '));
  instance = await openDuckdb({ threads: '2', preserve_insertion_order: 'false' });
  connection = await instance.connect();
});
afterAll(async () => {
  connection.closeSync();
  instance.closeSync();
  await rm(folder, { recursive: true });
});

/** As much of a session as a fingerprint needs. */
const session = {
  run: (_phase: string, sql: string) => connection.runAndReadAll(sql),
  async describe(relation: string) {
    const reader = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${relation}`);
    return reader.getRowsJS().map(([name, type]) => ({ name: String(name), type: String(type) }));
  },
} as unknown as SourceSession;

let files = 0;
/** The fingerprint of a SELECT's rows, which must be the same while they are written and from the file. */
async function fingerprintOf(select: string): Promise<string> {
  files += 1;
  const file = join(folder, `${files}.parquet`);
  const notes = new RowNotes(await session.describe(`(${select})`));
  const own = await instance.connect();
  own.registerScalarFunction(notes.function);
  const written = await own.runAndReadAll(`COPY (${notes.watch(select)}) TO '${file}' (FORMAT parquet)`);
  own.closeSync();
  const noted = notes.fingerprint(Number(written.getRowsJS()[0]?.[0]));
  expect(noted).toBe(await fingerprintRows(session, file));
  return String(noted);
}

/** As SQL of one column. */
const values = (...all: string[]) =>
  `SELECT * FROM (VALUES ${all.map((each) => `(${each})`).join(', ')}) t(a)`;

describe('a fingerprint', () => {
  it('keeps none of the rows that it has seen in memory', async () => {
    const select = 'SELECT i FROM range(10000000) r(i)';
    const notes = new RowNotes(await session.describe(`(${select})`));
    const own = await instance.connect();
    own.registerScalarFunction(notes.function);
    const before = process.memoryUsage().arrayBuffers;
    await own.run(`SELECT count(i) FROM (${notes.watch(select)})`);
    const kept = process.memoryUsage().arrayBuffers - before;
    own.closeSync();
    expect(notes.rows).toBe(10_000_000);
    // Of their hashes, of 80 MB.
    expect(kept).toBeLessThan(12_000_000);
  });

  it('is the same for the same rows in another order, and says how it was taken', async () => {
    const rows = `SELECT i, 'Straße ' || i AS t, i / 7.0 AS d, NULLIF(i % 3, 0) AS n FROM range(10000) r(i)`;
    const first = await fingerprintOf(rows);
    expect(await fingerprintOf(`${rows} ORDER BY hash(i)`)).toBe(first);
    expect(first).toMatch(/^2-v[\d.]+:[0-9a-f]{64}$/);
  });

  it.each<[string, string, string]>([
    ['NULL and an empty text', values('NULL::VARCHAR'), values("''")],
    ['NULL and 0', values('NULL::INTEGER'), values('0')],
    ['NULL and an empty list', values('NULL::INTEGER[]'), values('[]::INTEGER[]')],
    ['swapped columns', 'SELECT 1 AS a, 2 AS b', 'SELECT 2 AS a, 1 AS b'],
    ['NULL in another column', "SELECT 'x' AS a, NULL::VARCHAR AS b", "SELECT NULL::VARCHAR AS a, 'x' AS b"],
    ['text that moves to the next column', "SELECT 'ab' AS a, 'c' AS b", "SELECT 'a' AS a, 'bc' AS b"],
    ['swapped names', 'SELECT 1 AS a, 2 AS b', 'SELECT 1 AS b, 2 AS a'],
    ['other types', 'SELECT 1::INTEGER AS a', 'SELECT 1::BIGINT AS a'],
    ['a row twice', values('1', '2'), values('1', '2', '2')],
    ['another row twice', values('1', '1', '2'), values('1', '2', '2')],
    ['no row and a row of NULL', 'SELECT NULL::INTEGER AS a WHERE false', values('NULL::INTEGER')],
    [
      'cells in other rows',
      "SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y'",
      "SELECT 1 AS a, 'y' AS b UNION ALL SELECT 2, 'x'",
    ],
    ['0 and -0', values('0::DOUBLE'), values("'-0'::DOUBLE")],
    ['0 and -0 of four bytes', values('0::FLOAT'), values("'-0'::FLOAT")],
    ['NaN and NULL', values("'NaN'::DOUBLE"), values('NULL::DOUBLE')],
    ['NaN and Infinity', values("'NaN'::DOUBLE"), values("'Infinity'::DOUBLE")],
    ['-0 in a list', values('[0::DOUBLE]'), values("['-0'::DOUBLE]")],
    ['umlauts, composed and decomposed', values("'Mu\u0308ller'"), values("'M\u00fcller'")],
    ['a space at the end', values("'a'"), values("'a '")],
    ['a text that ends in zeros', values("'a'"), values("'a' || chr(0)")],
    ['1 month and 30 days', values("INTERVAL '1 month'"), values("INTERVAL '30 days'")],
    ['1 day and 24 hours', values("INTERVAL '1 day'"), values("INTERVAL '24 hours'")],
    [
      'UUIDs with equal halves',
      values("'00000000-0000-0001-0000-000000000001'::UUID"),
      values("'00000000-0000-0002-0000-000000000002'::UUID"),
    ],
    [
      'swapped halves of a UUID',
      values("'00000000-0000-0001-8000-000000000002'::UUID"),
      values("'00000000-0000-0002-8000-000000000001'::UUID"),
    ],
    [
      '128 bits with equal halves',
      values('(1 + 18446744073709551616::HUGEINT)::DECIMAL(38,0)'),
      values('(2 + 2 * 18446744073709551616::HUGEINT)::DECIMAL(38,0)'),
    ],
    ['lists with one text and two', values("['a, b']"), values("['a', 'b']")],
    ['lists with NULL and its name', values("['NULL']"), values('[NULL::VARCHAR]')],
    [
      'the last digit of a decimal',
      values('0.00000000000000000001::DECIMAL(38,20)'),
      values('0.00000000000000000002::DECIMAL(38,20)'),
    ],
    ['bytes', values("'\\x00'::BLOB"), values("'\\x00\\x00'::BLOB")],
    [
      'a microsecond',
      values("TIMESTAMP '2026-01-01 00:00:00'"),
      values("TIMESTAMP '2026-01-01 00:00:00.000001'"),
    ],
  ])('tells apart %s', async (_, one, other) => {
    expect(await fingerprintOf(one)).not.toBe(await fingerprintOf(other));
  });

  it('does not tell NaN from NaN', async () => {
    expect(await fingerprintOf(values("'NaN'::DOUBLE"))).toBe(
      await fingerprintOf(values("(-'NaN'::DOUBLE)")),
    );
  });

  it('of two rows that swap a cell differs in all bits of its sum, whichever cell it is', async () => {
    const columns = ['BIGINT', 'VARCHAR', 'DATE', 'BIGINT'].map((type, index) => ({
      name: `c${index}`,
      type,
    }));
    for (const swapped of columns.keys()) {
      const row = (seed: string, other: string) =>
        columns.map(({ name, type }, index) => {
          const value = `hash(${index === swapped ? other : seed}, ${index})`;
          const as = { VARCHAR: `'text ' || ${value}`, DATE: `DATE '2000-01-01' + (${value} % 10000)::INT` }[
            type
          ];
          return `${as ?? `(${value} >> 1)::BIGINT`} AS ${name}`;
        });
      const hash = (seed: string, other: string) =>
        `(SELECT ${hashOfRow(columns)} FROM (SELECT ${row(seed, other).join(', ')}))::HUGEINT`;
      const reader = await connection.runAndReadAll(
        `SELECT count(*) FILTER ((${hash('i', 'i')} + ${hash('i + 0.5', 'i + 0.5')} - ${hash('i', 'i + 0.5')} - ${hash('i + 0.5', 'i')}) % 64 = 0)::INT
         FROM range(6400) r(i)`,
      );
      const [[equal] = []] = reader.getRowsJS();
      // 100 by chance; DuckDB's own hash of a row would have 800 for the last cell.
      expect(Number(equal)).toBeLessThan(150);
    }
  });

  it('can be compared with one that was taken in the same way only', async () => {
    const now = await fingerprintOf(values('1'));
    expect(areComparable(now, await fingerprintOf(values('2')))).toBe(true);
    const ofEarlierRelease = 'f'.repeat(64);
    expect(areComparable(now, ofEarlierRelease)).toBe(false);
    expect(areComparable(now, now.replace('v', 'v2'))).toBe(false);
    expect(areComparable(ofEarlierRelease, '0'.repeat(64))).toBe(true);
  });
});
