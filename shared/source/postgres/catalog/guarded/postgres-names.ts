import { readFileSync } from 'node:fs';
import { fillIn } from '../../../../text/fill-in.ts';
import { type Fault, partKinds } from '../../../catalog/faults.ts';
import { escaped } from '../postgres-placeholders.ts';

const namedSql = readFileSync(new URL('./postgres-named.sql', import.meta.url), 'utf8');

/** @see Catalog.names */
export function namesQuery(faults: readonly Fault[], all: readonly Fault[]): string {
  const unreadable = new Set(all.map(({ part, object, column }) => `${part} ${object} ${column}`));
  const values = faults.map(({ part, object, column }, place) => {
    const kind = partKinds[part];
    return `(${place}, '${kind}', '${object}'::oid, ${column}, ${unreadable.has(`${kind} ${object} ${column}`)})`;
  });
  const name = (kind: string, text: string) =>
    `CASE WHEN asked.escaped AND asked.kind = '${kind}' THEN ${escaped(text)} ELSE ${text} END`;
  return fillIn(namedSql, {
    OBJECTS: values.join(', '),
    SCHEMA: name('schema', 'n.nspname::text'),
    RELATION: name('relation', 'c.relname::text'),
    ROUTINE: name('routine', 'p.proname::text'),
    COLUMN: name('column', 'a.attname::text'),
  });
}
