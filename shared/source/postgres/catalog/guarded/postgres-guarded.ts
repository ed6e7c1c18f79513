import { readFileSync } from 'node:fs';
import { quoteLiteral } from '../../../../duckdb/sql-text.ts';
import { fillIn } from '../../../../text/fill-in.ts';
import type { CatalogState, GuardedQuestion, OpenedRelation } from '../../../catalog/catalog.ts';

const read = (file: URL) => readFileSync(file, 'utf8');
/** SQL for the relations that have to be opened, within the scope. */
export const TO_OPEN = read(new URL('./postgres-opened.sql', import.meta.url));
const openSql = read(new URL('./postgres-open.sql', import.meta.url));
const openUnguardedSql = read(new URL('./postgres-open-unguarded.sql', import.meta.url));
const measureSql = read(new URL('./postgres-measure.sql', import.meta.url));
const probeSql = read(new URL('./postgres-probe.sql', import.meta.url));

/**
 * Errors that have nothing to do with one object end the statement: no memory, no disk, the server going down, a
 * standby's conflicts.
 */
const RAISE_AGAIN = `IF code ~ '^(08|53|57|40001)' THEN RAISE; END IF;`;
/** Words beyond ASCII may be in no encoding. */
const FAILURE = `pg_catalog.json_build_object('code', code, 'said', CASE WHEN said ~ '^[ -~]*$' THEN said END)`;

const ANSWER = "SELECT pg_catalog.current_setting('ferry.answer') AS answer";

/** A block of PL/pgSQL. */
function blockOf(sql: string, parts: Readonly<Record<string, string>>): string {
  const body = fillIn(sql, { RAISE_AGAIN, FAILURE, ...parts });
  let tag = '$ferry$';
  for (let n = 1; body.includes(tag); n += 1) tag = `$ferry${n}$`;
  return `DO ${tag}${body}${tag}`;
}

/** Opens relations without keeping their locks. */
export function openRelations(
  relations: readonly OpenedRelation[],
  { guarded }: Pick<CatalogState, 'guarded'>,
): GuardedQuestion {
  const list = (of: (one: OpenedRelation) => string | number) => quoteLiteral(`{${relations.map(of)}}`);
  const ASKED = `SELECT * FROM unnest(${list(({ relation }) => relation)}::int8[], ${list(({ kind }) => kind)}::text[],
    ${list(({ version }) => `"${version}"`)}::text[]) AS one (relation, kind, version)`;
  if (guarded) return { before: blockOf(openSql, { BEFORE: '', ASKED }), ask: ANSWER };
  return {
    before: 'SAVEPOINT ferry',
    ask: fillIn(openUnguardedSql, { ASKED }),
    after: 'ROLLBACK TO ferry',
  };
}

/**
 * Opens those of some relations that are not known yet. It may be the first statement of a transaction and then takes
 * its snapshot, so it opens what it finds a moment later.
 *
 * @param settings SQL that sets what definitions depend on, each with a column `a`
 * @param toOpen SQL for the relations, as in postgres-opened.sql
 */
export function openUnknown(
  settings: readonly string[],
  toOpen: string,
  known: readonly number[],
): GuardedQuestion {
  const BEFORE = settings.map((sql) => `PERFORM pg_catalog.count(one.a) FROM (${sql}) AS one;`).join('\n  ');
  const ASKED = `SELECT one.* FROM (${toOpen}) AS one WHERE one.relation <> ALL ('{${known}}'::int8[])`;
  // The types in a block are resolved before it sets anything. SET takes no snapshot.
  const before = `SET LOCAL search_path = pg_catalog; ${blockOf(openSql, { BEFORE, ASKED })}`;
  return { before, ask: ANSWER };
}

/** Puts the sizes of relations into a setting of the transaction. @param stored SQL for their numbers, as `relation` */
export const measureRelations = (stored: string) => blockOf(measureSql, { STORED: stored });

/** Finds the objects with an unreadable text. @param texts SQL with the columns `object`, `part` and `text` */
export const probeTexts = (texts: string): GuardedQuestion => ({
  before: blockOf(probeSql, { TEXTS: texts }),
  ask: ANSWER,
});
