import { describe, expect, it } from 'vitest';
import { guards as guardsSchema } from '../../../shared/config/schema/guards.ts';
import { GuardError } from '../../../shared/errors.ts';
import type { Baseline } from '../../../shared/runs/records/baseline.ts';
import { assertAcceptable, describeSchemaChange } from '../../../shared/sync/guards.ts';

const schema = [
  { name: 'id', type: 'INTEGER' },
  { name: 'Größe', type: 'DECIMAL(10,2)' },
];
const baseline = (rows: number): Baseline => ({
  schemaVersion: 1,
  runId: 'x',
  at: '2026-01-01T00:00:00.000Z',
  rows,
  bytes: 1,
  schema,
});
const judge = (rows: number, guards: object, before?: Baseline, columns = schema) =>
  assertAcceptable({ rows, schema: columns }, guardsSchema.parse(guards), before);

describe('guards', () => {
  it.each([
    ['rows without any guard', 1, {}, undefined],
    ['no rows where that is right', 0, { allowEmpty: true }, undefined],
    ['the least rows', 10, { minRows: 10 }, undefined],
    ['the most rows', 10, { maxRows: 10 }, undefined],
    ['a change just within', 150, { maxRowChange: '50%' }, baseline(100)],
    ['a fall just within', 50, { maxRowChange: '50%' }, baseline(100)],
    ['no change', 100, { maxRowChange: '0%' }, baseline(100)],
    ['nothing after nothing', 0, { allowEmpty: true, maxRowChange: '10%' }, baseline(0)],
    ['columns in any order', 1, { columns: ['Größe', 'id'] }, undefined],
    ['the same columns', 1, { onSchemaChange: 'fail' }, baseline(1)],
  ])('accept %s', (_name, rows, guards, before) => {
    expect(judge(rows, guards, before)).toEqual([]);
  });

  it.each([
    ['no rows', 0, {}, undefined, 'the query returned no rows'],
    ['too few', 9, { minRows: 10 }, undefined, '9 rows are fewer than minRows: 10'],
    ['one, too few', 1, { minRows: 10 }, undefined, '1 row is fewer than minRows: 10'],
    ['too many', 11, { maxRows: 10 }, undefined, '11 rows are more than maxRows: 10'],
    [
      'a rise',
      151,
      { maxRowChange: '50%' },
      baseline(100),
      '151 rows after 100 .* a change \\(51.0 %\\) beyond maxRowChange: 50%',
    ],
    ['a fall', 49, { maxRowChange: '50%' }, baseline(100), '49 rows after 100'],
    ['rows after none', 1, { maxRowChange: '500%' }, baseline(0), '1 row after 0 .* is a change beyond'],
    ['a missing column', 1, { columns: ['id', 'status'] }, undefined, 'a column is missing: status'],
    ['a column that differs in case', 1, { columns: ['ID'] }, undefined, 'a column is missing: ID'],
  ])('refuse %s', (_name, rows, guards, before, message) => {
    expect(() => judge(rows, guards, before)).toThrow(GuardError);
    expect(() => judge(rows, guards, before)).toThrow(
      new RegExp(`^The dataset was left unchanged: ${message}`),
    );
  });

  it('name all that refused at once', () => {
    const columns = [{ name: 'id', type: 'VARCHAR' }];
    expect(() =>
      judge(5, { minRows: 10, columns: ['status'], onSchemaChange: 'fail' }, baseline(100), columns),
    ).toThrow(
      'The dataset was left unchanged: 5 rows are fewer than minRows: 10; a column is missing: status; column "Größe" is gone; column "id" was INTEGER and is VARCHAR.',
    );
  });

  it('warn about other columns, unless that is switched off', () => {
    const columns = [...schema.slice(0, 1), { name: 'neu', type: 'DATE' }];
    expect(judge(1, {}, baseline(1), columns)).toEqual([
      'Since the last accepted result, column "Größe" is gone.',
      'Since the last accepted result, column "neu" (DATE) is new.',
    ]);
    expect(judge(1, { onSchemaChange: 'ignore' }, baseline(1), columns)).toEqual([]);
  });

  it('say when there is nothing to compare with yet', () => {
    expect(judge(1, { maxRowChange: '10%', onSchemaChange: 'fail' })).toEqual([
      'There is no accepted result yet: maxRowChange and onSchemaChange had nothing to compare with.',
    ]);
  });
});

describe('describeSchemaChange', () => {
  it('ignores the order', () => {
    expect(describeSchemaChange(schema, schema.toReversed())).toEqual([]);
  });
});
