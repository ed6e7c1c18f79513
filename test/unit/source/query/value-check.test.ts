import { expect, it } from 'vitest';
import { ExactnessError } from '../../../../shared/errors.ts';
import { assertFit, type ValueCheck } from '../../../../shared/source/query/value-check.ts';
import type { SourceSession } from '../../../../shared/source/sessions/session.ts';

const refusal = { values: 'NaN or Infinity', hint: 'Write it otherwise.' };
const check: ValueCheck = {
  countSql: 'count',
  findSql: 'find',
  columns: [
    { name: 'größe', sourceType: 'numeric(5,2)', table: 'db.v', refusal },
    { name: 'due', sourceType: 'date', table: 'db.v', refusal },
  ],
};

/** A source that answers the two questions so. */
const answering = (count: number, found: number[]) =>
  ({
    askSource: async (_phase: string, sql: string) => ({
      names: [],
      types: [],
      rows: [sql === 'count' ? [count] : found],
    }),
  }) as unknown as SourceSession;

it('accepts a table without such a value, and names the column of one', async () => {
  await expect(assertFit(answering(0, [1, 1]), check)).resolves.toBeUndefined();
  await expect(assertFit(answering(3, [0, 1]), check)).rejects.toThrow(
    'Column "due" (date) of db.v contains NaN or Infinity. Nothing was uploaded.',
  );
});

it('refuses a view whose value is another one when the column is looked for', async () => {
  const reading = assertFit(answering(1, [0, 0]), check);
  await expect(reading).rejects.toThrow(ExactnessError);
  await expect(reading).rejects.toThrow(
    /^One of the columns "größe" \(numeric\(5,2\)\), "due" \(date\) of db\.v contained a value/,
  );
});
