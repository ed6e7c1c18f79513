import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinParquet } from '../../../shared/parquet/join-parquet.ts';
import {
  CannotJoinError,
  footerBytes,
  readFooterOf,
  rowGroupsOf,
  structsOf,
} from '../../../shared/parquet/parquet-footer.ts';
import {
  encodeStruct,
  type ThriftList,
  type ThriftStruct,
  ThriftType,
} from '../../../shared/parquet/thrift-compact.ts';
import { type OpenDuckdb, openDuckdb } from '../../support/readers/open-duckdb.ts';
import { readParquetWithPyarrow } from '../../support/readers/read-parquet.ts';

// What a Parquet file cannot hold, what pyarrow cannot read, and geometries, for which the writer adds metadata about all of them.
const leftOut =
  /^(time_?tz|interval|big(num|int_num)|bit|time_ns|varint|timestamp_ns|variant|geometry|.*fixed_.*)$/;

let duckdb: OpenDuckdb;
let folder: string;
beforeAll(async () => {
  duckdb = await openDuckdb();
  folder = await mkdtemp(join(tmpdir(), 'ferry join ü '));
  const names = (await ask('DESCRIBE FROM test_all_types()')).map(({ column_name }) => String(column_name));
  const kept = names.filter((name) => !leftOut.test(name)).map((name) => `"${name}"`);
  await duckdb.connection.run(
    // Three rows of each type (the lowest, the highest, NULL), and columns with dictionaries, Bloom filters and statistics.
    `CREATE TABLE rows AS SELECT n, n % 100 AS few, 'Wört ' || n % 50 AS word, n / 3 AS ratio,
       CASE WHEN n % 3 > 0 THEN n::DECIMAL(38,6) / 7 END AS wide, [n, NULL] AS list, {'a': n, 'b': [word]} AS nested, t.*
     FROM range(9000) r(n), (SELECT row_number() OVER () - 1 AS kind, ${kept.join(', ')} FROM test_all_types()) t
     WHERE t.kind = n % 3`,
  );
});
afterAll(async () => {
  duckdb[Symbol.dispose]();
  await rm(folder, { recursive: true, force: true });
});

const ask = async (sql: string): Promise<Record<string, unknown>[]> =>
  (await duckdb.connection.runAndReadAll(sql)).getRowObjectsJson();

/** A file with the rows from `from` to `to`, in row groups of 2,048. */
async function write(name: string, from: number, to: number, options = ''): Promise<string> {
  const file = join(folder, name);
  await duckdb.connection.run(
    `COPY (FROM rows WHERE n >= ${from} AND n < ${to}) TO '${file}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 2048 ${options})`,
  );
  return file;
}

async function writeParts(ends: readonly number[]): Promise<string[]> {
  const parts: string[] = [];
  for (const [index, end] of ends.entries())
    parts.push(await write(`part-${index}.parquet`, ends[index - 1] ?? 0, end));
  return parts;
}

const statistics = (file: string) =>
  ask(
    `SELECT row_group_num_rows, path_in_schema, num_values, stats_min_value, stats_max_value, stats_null_count,
       stats_distinct_count, total_compressed_size, encodings, compression, bloom_filter_length
     FROM parquet_metadata('${file}')`,
  );

describe('joining files', () => {
  it.each([
    ['three parts', [300, 550, 900]],
    ['parts of several row groups', [5000, 9000]],
    ['an empty part between others', [400, 400, 900]],
    ['an empty part at first', [0, 900]],
    ['an empty part at last', [900, 900]],
    ['one part', [900]],
    ['parts of one row', [1, 2, 3]],
  ])('keeps every value, statistic and Bloom filter of %s', async (_name, ends) => {
    const parts = await writeParts(ends);
    const [whole = ''] = [await write('whole.parquet', 0, ends.at(-1) ?? 0)];
    const before = (await Promise.all(parts.map(statistics))).flat();
    const joined = await joinParquet(parts);
    const [file = '', ...others] = parts;
    expect(joined).toEqual({ rows: ends.at(-1), bytes: (await readFile(file)).length });
    expect(others.filter((other) => existsSync(other))).toEqual([]);
    expect(await statistics(file)).toEqual(before);
    if (joined.rows < 1000)
      expect(await readParquetWithPyarrow(file)).toEqual(await readParquetWithPyarrow(whole));
    expect(await ask(`SELECT count(*)::INT AS n FROM (FROM '${file}' EXCEPT ALL FROM '${whole}')`)).toEqual([
      { n: 0 },
    ]);
    // A Bloom filter that is found in another place would miss rows.
    for (const [column, value] of [
      ['word', "'Wört 7'"],
      ['few', '7'],
    ] as const) {
      const skipped = await ask(
        `FROM parquet_bloom_probe('${file}', '${column}', ${value}) WHERE bloom_filter_excludes`,
      );
      const rows = await ask(`SELECT count(*)::INT AS n FROM '${file}' WHERE ${column} = ${value}`);
      expect(rows).toEqual(await ask(`SELECT count(*)::INT AS n FROM '${whole}' WHERE ${column} = ${value}`));
      if (ends.every((end) => end >= 100 || end === 0)) expect(skipped).toEqual([]);
    }
    const missing = await ask(
      `FROM parquet_bloom_probe('${file}', 'word', 'nowhere') WHERE bloom_filter_excludes`,
    );
    if (joined.rows > 100) expect(missing.length).toBeGreaterThan(0);
  });

  it('of no rows gives a file without rows', async () => {
    const [file = '', ...others] = await writeParts([0, 0, 0]);
    expect(await joinParquet([file, ...others])).toMatchObject({ rows: 0 });
    const { rowCount, columns } = await readParquetWithPyarrow(file);
    expect([rowCount, columns.length > 40]).toEqual([0, true]);
    expect(await ask(`SELECT count(*)::INT AS n FROM '${file}'`)).toEqual([{ n: 0 }]);
  });

  it('leaves out page indexes, whose positions would be wrong, and numbers the row groups', async () => {
    const parts = await writeParts([2500, 3000]);
    for (const part of parts) {
      await editFooter(part, (footer) => {
        for (const [index, group] of structsOf(footer, 4).entries()) {
          group.push({ id: 7, type: ThriftType.i16, value: BigInt(index) });
          for (const chunk of structsOf(group, 1)) {
            chunk.push(
              { id: 4, type: ThriftType.i64, value: 40n },
              { id: 5, type: ThriftType.i32, value: 4n },
            );
            chunk.push(
              { id: 6, type: ThriftType.i64, value: 44n },
              { id: 7, type: ThriftType.i32, value: 4n },
            );
          }
        }
      });
    }
    const [file = ''] = parts;
    await joinParquet(parts);
    const groups = [...rowGroupsOf(await readFooterOf(file))];
    const numberOf = (group: ThriftStruct) => group.find(({ id }) => id === 7)?.value;
    expect(groups.map(numberOf)).toEqual(groups.map((_, index) => BigInt(index)));
    const fields = groups.flatMap((group) =>
      structsOf(group, 1).flatMap((chunk) => chunk.map(({ id }) => id)),
    );
    expect([...new Set(fields)].toSorted()).toEqual([2, 3]);
    expect((await readParquetWithPyarrow(file)).rowCount).toBe(3000);
  });
});

/** Rewrites the footer of a file. */
async function editFooter(path: string, edit: (footer: ThriftStruct) => void): Promise<void> {
  const footer = await readFooterOf(path);
  const { struct, start } = footer;
  const groups = struct.find(({ id }) => id === 4);
  if (groups) groups.value = { of: ThriftType.struct, items: [...rowGroupsOf(footer)] };
  edit(struct);
  await using file = await open(path, 'r+');
  await file.truncate(start);
  await file.write(footerBytes(struct), 0, null, start);
}

describe('files that do not fit together', () => {
  const other = (name: string, sql: string, options = '') =>
    duckdb.connection.run(`COPY (${sql}) TO '${join(folder, name)}' (FORMAT parquet ${options})`);
  const edited = async (name: string, edit: (footer: ThriftStruct) => void) => {
    await copyFile(join(folder, 'first.parquet'), join(folder, name));
    await editFooter(join(folder, name), edit);
  };

  it.each<[string, (name: string) => Promise<unknown>]>([
    ['another type', (name) => other(name, 'SELECT 1::SMALLINT AS a')],
    ['another name', (name) => other(name, 'SELECT 1::BIGINT AS b')],
    ['other metadata', (name) => other(name, 'SELECT 1::BIGINT AS a', ", KV_METADATA {k: 'x'}")],
    ['no Parquet', (name) => writeFile(join(folder, name), 'id\n1\n2\n3\n4\n5\n')],
    ['nothing', (name) => writeFile(join(folder, name), '')],
    ['half a file', (name) => writeFile(join(folder, name), 'PAR1PAR1PAR1')],
    [
      'a column in another file',
      (name) =>
        edited(name, (footer) => {
          for (const group of structsOf(footer, 4))
            structsOf(group, 1)[0]?.unshift({
              id: 1,
              type: ThriftType.binary,
              value: Buffer.from('x.parquet'),
            });
        }),
    ],
    [
      'a position beyond its pages',
      (name) =>
        edited(name, (footer) => {
          for (const group of structsOf(footer, 4)) {
            const offset = group.find(({ id }) => id === 5);
            if (offset) offset.value = 4_000_000n;
          }
        }),
    ],
    [
      'a signed footer',
      (name) =>
        edited(name, (footer) => {
          footer.push({ id: 9, type: ThriftType.binary, value: Buffer.from('key') });
        }),
    ],
    [
      'a row group that is written in a longer form',
      (name) =>
        edited(name, (footer) => {
          const groups = footer.find(({ id }) => id === 4)?.value as ThriftList;
          // The number of the first field in a byte of its own, instead of its distance to the one before.
          groups.items = groups.items.map((group) => {
            const bytes = encodeStruct(group as ThriftStruct);
            return Buffer.concat([Buffer.from([ThriftType.list, 2]), bytes.subarray(1)]);
          });
        }),
    ],
    [
      'a footer that is written in a longer form',
      async (name) => {
        const bytes = await readFile(join(folder, 'first.parquet'));
        const end = bytes.length - 8;
        const start = end - bytes.readUInt32LE(end);
        // The version: field 1, an i32 of 1. The same as an integer of two bytes.
        const tail = Buffer.from(bytes.subarray(end));
        tail.writeUInt32LE(end - start + 1);
        const version = bytes.subarray(start, start + 2);
        const longer = Buffer.from([version[0] ?? 0, (version[1] ?? 0) | 0x80, 0]);
        await writeFile(
          join(folder, name),
          Buffer.concat([bytes.subarray(0, start), longer, bytes.subarray(start + 2, end), tail]),
        );
      },
    ],
  ])('are refused and left as they are: %s', async (name, make) => {
    await other('first.parquet', 'SELECT 1::BIGINT AS a');
    const files = [join(folder, 'first.parquet'), join(folder, 'second.parquet')];
    await make('second.parquet');
    const before = await Promise.all(files.map((file) => readFile(file)));
    await expect(joinParquet(files), name).rejects.toThrow(CannotJoinError);
    expect(await Promise.all(files.map((file) => readFile(file)))).toEqual(before);
  });

  it('are not joined any further once the run is to end', async () => {
    const parts = await writeParts([2500, 3000]);
    await expect(joinParquet(parts, AbortSignal.abort(new Error('cancelled')))).rejects.toThrow('cancelled');
    expect((await readdir(folder)).includes('part-1.parquet')).toBe(true);
  });
});
