import type { Column, Run } from '../calls/types.ts';

/** What differs between the columns of two results. */
export interface SchemaChange {
  added: Column[];
  removed: Column[];
  retyped: { name: string; from: string; to: string }[];
  /** Whether only their order differs. */
  reordered: boolean;
}

/** @returns undefined when both have the same columns in the same order */
export function compareSchemas(
  before: readonly Column[],
  after: readonly Column[],
): SchemaChange | undefined {
  const typeBefore = new Map(before.map(({ name, type }) => [name, type]));
  const namesAfter = new Set(after.map(({ name }) => name));
  const added = after.filter(({ name }) => !typeBefore.has(name));
  const removed = before.filter(({ name }) => !namesAfter.has(name));
  const retyped = after.flatMap(({ name, type }) => {
    const from = typeBefore.get(name);
    return from === undefined || from === type ? [] : [{ name, from, to: type }];
  });
  const isSame = added.length + removed.length + retyped.length === 0;
  const reordered = isSame && before.some(({ name }, index) => after[index]?.name !== name);
  return isSame && !reordered ? undefined : { added, removed, retyped, reordered };
}

/**
 * The changes of a job's columns between its runs.
 *
 * @param runs newest first
 * @returns newest first; `run` is the first with the new columns
 */
export function findSchemaChanges(runs: readonly Run[]): { run: Run; change: SchemaChange }[] {
  const known = runs.filter(({ schema }) => schema !== undefined);
  return known.flatMap((run, index) => {
    const before = known[index + 1]?.schema;
    const change = before && compareSchemas(before, run.schema ?? []);
    return change ? [{ run, change }] : [];
  });
}
