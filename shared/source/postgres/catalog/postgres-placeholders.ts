import type { CatalogState } from '../../catalog/catalog.ts';
import type { Fault, Part } from '../../catalog/faults.ts';
import { relationInScope, schemasInScope } from './scope/postgres-filters.ts';

/** The relations that have files. */
export const STORED = `SELECT c.oid AS relation FROM pg_catalog.pg_class AS c JOIN (__SCOPE__) AS scope ON scope.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND __RELATION_IN_SCOPE__`;

/** SQL for an ASCII text that replaces one that cannot be sent. */
export const escaped = (text: string) =>
  `pg_catalog.encode(pg_catalog.convert_to(${text}, 'SQL_ASCII'), 'escape')`;

/** SQL condition. It is constant if there is nothing to find, because there may be a million columns. */
export const isOneOf = (object: string, numbers: readonly number[]) =>
  numbers.length === 0 ? 'false' : `${object} = ANY ('{${numbers}}'::oid[])`;

/** SQL condition: an object is among those with a part that is left out. */
export function isFaulty(faults: readonly Fault[], part: Part, object: string, column?: string): string {
  const found = faults.filter((fault) => fault.part === part);
  if (found.length === 0) return 'false';
  if (column === undefined)
    return isOneOf(
      object,
      found.map((fault) => fault.object),
    );
  const keys = found.map((fault) => fault.object * 65_536 + fault.column);
  return `${object}::int8 * 65536 + ${column} = ANY ('{${keys}}'::int8[])`;
}

/** SQL condition: the filters leave a relation, whose schema is another question, and it can be named. */
export const relationsInScope = (
  { filters, faults }: Pick<CatalogState, 'filters' | 'faults'>,
  alias: string,
) =>
  `${relationInScope(filters, `${alias}.relname`)} AND NOT ${isFaulty(faults, 'relation', `${alias}.oid`)}`;

/** The placeholders that all queries share: what the filters leave, except what cannot be named. */
export function scopeOf(state: CatalogState) {
  const { filters, databaseName, faults } = state;
  return {
    SCOPE: `${schemasInScope(filters, databaseName)} AND NOT ${isFaulty(faults, 'schema', 'n.oid')}`,
    RELATION_IN_SCOPE: relationsInScope(state, 'c'),
    PARENT_IN_SCOPE: relationsInScope(state, 'parent'),
    NO_COLUMN: isFaulty(faults, 'column', 'a.attrelid', 'a.attnum'),
    NO_ROUTINE: isFaulty(faults, 'routine', 'p.oid'),
  };
}

export type Scope = ReturnType<typeof scopeOf>;
