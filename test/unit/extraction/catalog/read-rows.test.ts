import type { DuckDBDataChunk } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowReader } from '../../../../shared/extraction/catalog/read-rows.ts';
import type { EntityKind } from '../../../../shared/extraction/entities/entity-kind.ts';
import { type OpenDuckdb, openDuckdb } from '../../../support/readers/open-duckdb.ts';

let duckdb: OpenDuckdb;
beforeAll(async () => {
  duckdb = await openDuckdb();
});
afterAll(() => duckdb?.[Symbol.dispose]());

const kind: EntityKind = {
  columns: ['place', 'table_number', 'table_name', 'type_number', 'data_type', 'scale'],
  shared: [
    { by: 'table_number', columns: ['table_name'] },
    { by: 'type_number', columns: ['data_type', 'scale'] },
  ],
  details: [],
  serializer: () => () => expect.fail('No entity is made here.'),
};

/** The numbers of a row's table and type; what else is in the row follows from them. */
type Numbers = readonly [table: number, type: number];

const expectedRow = ([table, type]: Numbers, place: number) => ({
  place,
  table_number: table,
  table_name: `the table of number ${table}`,
  type_number: type,
  data_type: `the type of number ${type}`,
  scale: type % 2 === 0 ? type : null,
});

/** Chunks of an answer that has more columns than are asked for, in another order. */
async function chunksOf(rows: readonly Numbers[]): Promise<{ names: string[]; chunks: DuckDBDataChunk[] }> {
  const values = rows.map(([table, type], place) => `(${place}, ${table}, ${type})`).join(', ');
  const answer = await duckdb.connection.stream(`SELECT 'not asked for' AS other,
      CASE WHEN type % 2 = 0 THEN type::BIGINT END AS scale, 'the type of number ' || type AS data_type,
      type AS type_number, 'the table of number ' || tab AS table_name, tab::BIGINT AS table_number, place::BIGINT AS place
    FROM (VALUES ${values}) AS t(place, tab, type) ORDER BY place`);
  return { names: answer.columnNames(), chunks: await answer.fetchAllChunks() };
}

const numbersTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe('rows', () => {
  it.each<{ title: string; numbers: Numbers[] }>([
    { title: 'of one table after the other', numbers: [1, 1, 2, 2, 2, 3].map((table) => [table, 23]) },
    {
      title: 'whose types change from row to row',
      numbers: [23, 25, 23, 25, 1043].map((type) => [1, type]),
    },
    {
      title: 'of more numbers than are kept, and of the earlier ones again',
      numbers: [...numbersTo(1_001), 1, 1_001, 1_000, 2].map((number) => [number, number]),
    },
    {
      title: 'of as many numbers as are kept, and of the first again',
      numbers: [...numbersTo(1_000), 1, 1_000].map((number) => [number, 1_001 - number]),
    },
    {
      title: 'of numbers that are kept next to more than are',
      numbers: [...numbersTo(2_500), 1_001, 1].map((number) => [number, number % 3]),
    },
    {
      title: 'of several chunks, with each number in all of them',
      numbers: numbersTo(7_000).map((place) => [(place * 7) % 1_500, (place * 11) % 1_003]),
    },
  ])('$title are read with everything that belongs to each', async ({ numbers }) => {
    const { names, chunks } = await chunksOf(numbers);
    const readRows = rowReader(names, kind);
    // A copy of each, as it is one object for all of them.
    const rows = chunks.flatMap((chunk) => Array.from(readRows(chunk), (row) => ({ ...row })));
    expect(rows).toEqual(numbers.map(expectedRow));
  });
});
