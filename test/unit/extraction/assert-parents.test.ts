import { describe, expect, it } from 'vitest';
import { assertParentFiles, assertParents } from '../../../shared/extraction/assert-parents.ts';

describe('assertParents', () => {
  it.each([
    [{ database: 1, column: 5 }, 'column and none for table'],
    [{ database: 1, table: 2, column: 5 }, 'table and none for schema'],
    [{ schema: 1 }, 'schema and none for database'],
    [{ database: 1, 'extras-procedure': 1 }, 'extras-procedure and none for schema'],
  ])('refuses %j', (rows, said) => {
    expect(() => assertParents(rows, 'erp/def')).toThrow(said);
  });

  it.each([
    {},
    { database: 1 },
    { database: 1, schema: 1, 'extras-procedure': 2 },
    { database: 1, schema: 1, table: 1 },
    { database: 1, schema: 1, table: 1, column: 9 },
  ])('accepts %j', (rows) => {
    expect(() => assertParents(rows, 'erp/def')).not.toThrow();
  });
});

describe('assertParentFiles', () => {
  const file = (
    database: string,
    type: 'database' | 'schema' | 'table' | 'column',
    form = 'transformed',
  ) => ({
    form,
    type,
    source: 'erp',
    database,
    rows: 3,
  });

  it('looks at each database, and at the files that Atlan reads', () => {
    const whole = (['database', 'schema', 'table', 'column'] as const).map((type) => file('whole', type));
    expect(() => assertParentFiles(whole)).not.toThrow();
    expect(() =>
      assertParentFiles([...whole, file('torn', 'database'), file('torn', 'schema'), file('torn', 'column')]),
    ).toThrow('The catalog of erp/torn has rows for column and none for table');
    const rawOnly = [
      file('raw', 'table', 'raw'),
      ...(['database', 'schema', 'column'] as const).map((type) => file('raw', type)),
    ];
    expect(() => assertParentFiles(rawOnly)).toThrow('erp/raw');
  });
});
