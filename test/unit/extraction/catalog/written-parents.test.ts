import { DuckDBDataChunk, INTEGER, VARCHAR } from '@duckdb/node-api';
import { beforeEach, describe, expect, it } from 'vitest';
import { WrittenParents } from '../../../../shared/extraction/catalog/written-parents.ts';

const columns = [
  'table_schema',
  'table_name',
  'table_type',
  'column_count',
  'parent_table_name',
  'parent_partition_name',
];

type Row = [schema: string, name: string, type: string, columns: number, table?: string, partition?: string];

const chunkOf = (rows: readonly Row[]) => {
  const chunk = DuckDBDataChunk.create([VARCHAR, VARCHAR, VARCHAR, INTEGER, VARCHAR, VARCHAR]);
  chunk.setRows(rows.map((row) => columns.map((_, index) => row[index] ?? null)));
  return chunk;
};

describe('WrittenParents', () => {
  let written: WrittenParents;
  beforeEach(() => {
    written = new WrittenParents();
    const schema = DuckDBDataChunk.create([VARCHAR]);
    schema.setRows([['app']]);
    written.keep('schema', schema, ['schema_name']);
  });

  const keep = (...rows: Row[]) =>
    written
      .keep('table', chunkOf(rows), columns)
      .getRows()
      .map(([, name]) => name);

  it('keeps the partitions and subpartitions of a table', () => {
    expect(
      keep(
        ['app', 't', 'BASE TABLE', 1],
        ['app', 'p', 'PARTITION', 0, 't'],
        ['app', 's', 'PARTITION', 0, 't', 'p'],
      ),
    ).toEqual(['t', 'p', 's']);
    expect(written.hasOrphans).toBe(false);
  });

  it('says what a relation was written as', () => {
    keep(['app', 't', 'BASE TABLE', 1], ['app', 'v', 'VIEW', 1]);
    expect(written.typeOf('app', 't')).toBe('BASE TABLE');
    expect(written.typeOf('app', 'v')).toBe('VIEW');
    expect(written.typeOf('app', 'other')).toBeUndefined();
  });

  // One statement lists tables, partitions and subpartitions one after the other, and each may show another moment.
  it.each<[what: string, rows: Row[], kept: string[]]>([
    ['a partition without its table', [['app', 'p', 'PARTITION', 0, 't']], []],
    [
      'a partition of what is a view by now',
      [
        ['app', 't', 'VIEW', 1],
        ['app', 'p', 'PARTITION', 0, 't'],
      ],
      ['t'],
    ],
    [
      'a subpartition without its partition',
      [
        ['app', 't', 'BASE TABLE', 1],
        ['app', 'p', 'PARTITION', 0, 't'],
        ['app', 's', 'PARTITION', 0, 't', 'made'],
      ],
      ['t', 'p'],
    ],
    [
      'a subpartition whose partition is of another table',
      [
        ['app', 't', 'BASE TABLE', 1],
        ['app', 'p', 'PARTITION', 0, 't'],
        ['app', 'u', 'BASE TABLE', 1],
        ['app', 's', 'PARTITION', 0, 'u', 'p'],
      ],
      ['t', 'p', 'u'],
    ],
    ['a table without its schema', [['gone', 't', 'BASE TABLE', 1]], []],
  ])('leaves out %s, and says so', (_, rows, kept) => {
    expect(keep(...rows)).toEqual(kept);
    expect(written.hasOrphans).toBe(true);
  });
});
