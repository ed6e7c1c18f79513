import { describe, expect, it } from 'vitest';
import { formatColumns } from '../../../../cli/output/preview-report.ts';

const preview = {
  columns: [
    { name: 'id', sourceType: 'integer', type: 'INTEGER' },
    {
      name: 'beschreibung',
      sourceType: 'character varying(200)',
      type: 'VARCHAR',
      reason: 'a text of any length',
    },
  ],
  rows: [
    ['1', 'Schlagloch in der Bahnhofstraße, sehr tief und breit'],
    ['2', null],
  ],
  rowsError: undefined,
};

describe('a preview', () => {
  it('is two tables where they fit', () => {
    const table = formatColumns(preview, {});
    expect(table.split('\n')[0]).toMatch(/^COLUMN +SOURCE TYPE +PARQUET TYPE +WHY$/);
    expect(formatColumns(preview, { isTTY: true, columns: 120 })).toBe(table);
  });

  it('is one block a column in a narrow terminal', () => {
    expect(formatColumns(preview, { isTTY: true, columns: 60 })).toBe(`id
  integer → INTEGER
  │ 1
  │ 2

beschreibung
  character varying(200) → VARCHAR
  a text of any length
  │ Schlagloch in der Bahnhofstraße, sehr t…
  │ NULL`);
  });
});
