import type { Side } from './comparison-session.ts';
import type { ParquetColumn } from './parquet-columns.ts';
import { chooseForm, type ValueForm } from './value-form.ts';

/** A column that both files have, under exactly the same name. */
export interface CommonColumn {
  name: string;
  type: Readonly<Record<Side, string>>;
  form: ValueForm;
  /** SQL for its values in the table of each file. */
  column: Readonly<Record<Side, string>>;
}

/** Pairs the columns by name, in the order of A. */
export function pairColumns(a: readonly ParquetColumn[], b: readonly ParquetColumn[]): CommonColumn[] {
  const inB = new Map(b.map((column) => [column.name, column]));
  return a.flatMap((column) => {
    const other = inB.get(column.name);
    if (!other) return [];
    return [
      {
        name: column.name,
        type: { a: column.type, b: other.type },
        form: chooseForm(column.type, other.type),
        column: { a: column.sql, b: other.sql },
      },
    ];
  });
}

/** SQL for the form in which a column's values are compared. */
export function formOf({ form, column }: CommonColumn, side: Side): string {
  return side === 'a' ? form.ofA(column.a) : form.ofB(column.b);
}
