import { readFileSync } from 'node:fs';
import { type Fault, type Part, partKinds } from '../faults.ts';
import { fillIn } from '../fill-in.ts';
import { relationInScope, schemasInScope } from '../filters.ts';
import type { Catalog, CatalogState, RowTakers } from './catalog.ts';
import { measureRelations, openRelations, openUnknown, probeTexts } from './postgres-guarded.ts';
import { probedTexts } from './postgres-probes.ts';

const read = (name: string) => readFileSync(new URL(`./postgres-${name}.sql`, import.meta.url), 'utf8');
const databaseSql = read('database');
const schemaSql = read('schema');
const tableSql = read('table');
const columnSql = read('column');
const ambiguousNamesSql = read('ambiguous-names');
const procedureSql = read('procedure');
const openedSql = read('opened');
const namedSql = read('named');

/** pg_attribute knows generated columns from this version on. */
const GENERATED_COLUMNS_VERSION = 12;
/** How long a lock is waited for at most, in milliseconds, while those that are held stand in the way of others. */
const LOCK_TIMEOUT_MS = 250;

/** The relations that have files of their own. */
const STORED = `SELECT c.oid AS relation FROM pg_catalog.pg_class AS c JOIN (__SCOPE__) AS scope ON scope.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND __RELATION_IN_SCOPE__`;
const MEASURED = `SELECT size.key::oid AS relation, size.value::int8 AS bytes
  FROM pg_catalog.json_each_text(nullif(pg_catalog.current_setting('ferry.sizes', true), '')::json) AS size`;
const MEASURED_NOW = `SELECT stored.relation, pg_catalog.pg_relation_size(stored.relation) AS bytes FROM (${STORED}) AS stored`;

/** SQL for a text of ASCII in the place of one that cannot be sent. */
const escaped = (text: string) => `pg_catalog.encode(pg_catalog.convert_to(${text}, 'SQL_ASCII'), 'escape')`;

/** SQL condition; none at all where there is nothing to find, as there may be a million columns. */
const isOneOf = (object: string, numbers: readonly number[]) =>
  numbers.length === 0 ? 'false' : `${object} = ANY ('{${numbers}}'::oid[])`;

/** SQL condition: an object is among those of which a part is left out. */
function isFaulty(faults: readonly Fault[], part: Part, object: string, column?: string): string {
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

/** What stands for the scope in all queries: what the filters leave, but for what cannot be named. */
function scopeOf({ filters, faults }: CatalogState) {
  const relations = (alias: string) =>
    `${relationInScope(filters, `${alias}.relname`)} AND NOT ${isFaulty(faults, 'relation', `${alias}.oid`)}`;
  return {
    SCOPE: `${schemasInScope(filters)} AND NOT ${isFaulty(faults, 'schema', 'n.oid')}`,
    RELATION_IN_SCOPE: relations('c'),
    PARENT_IN_SCOPE: relations('parent'),
    NO_COLUMN: isFaulty(faults, 'column', 'a.attrelid', 'a.attnum'),
    NO_ROUTINE: isFaulty(faults, 'routine', 'p.oid'),
  };
}

type Scope = ReturnType<typeof scopeOf>;

function tablesOf({ faults, guarded }: CatalogState, scope: Scope, { takers, unknown }: RowTakers) {
  const without = (part: Part) => isFaulty(faults, part, 'c.oid');
  return fillIn(tableSql, {
    ...scope,
    SIZES: guarded ? MEASURED : fillIn(MEASURED_NOW, scope),
    INSERTABLE: isOneOf('c.oid', takers),
    NO_INSERTABLE: isOneOf('c.oid', unknown),
    NO_COMMENT: without('comment'),
    NO_BOUND: without('bound'),
    NO_ROW_TYPE: without('rowType'),
    NO_PARENT: without('parent'),
    ESCAPED_PARENT: escaped('parent.relname::text'),
    ESCAPED_PARENT_SCHEMA: escaped('parent_schema.nspname::text'),
  });
}

function columnsOf({ faults, serverVersion }: CatalogState, scope: Scope) {
  const without = (part: Part) => isFaulty(faults, part, 'a.attrelid', 'a.attnum');
  const hasGenerated = Number.parseInt(serverVersion, 10) >= GENERATED_COLUMNS_VERSION;
  return fillIn(columnSql, {
    ...scope,
    GENERATED: hasGenerated ? 'a.attgenerated' : "''",
    NO_TYPE: without('type'),
    NO_DEFAULT: without('default'),
    NO_KEYS: without('keys'),
    NO_COMMENT: without('columnComment'),
    ESCAPED_TYPE: escaped('attribute.typname::text'),
    ESCAPED_ELEMENT: escaped('attribute.element_name'),
  });
}

// - search_path: pg_catalog first, so that no function or operator of a user's schema stands in for one of the server's. What else is
//   on it decides which names are qualified in definitions and types, and stays as the login has it.
// - jit and nested loops: the planner guesses a few rows where a big catalog has millions, above all before its first ANALYZE.
// - lock_timeout: below deadlock_timeout, so that nobody who waits for us is ended as the victim of a deadlock.
// Taken from pg_settings, as not every version knows all of them.
const settings = `SELECT pg_catalog.current_database()::text AS database,
    coalesce((SELECT pg_catalog.has_language_privilege(l.oid, 'USAGE') FROM pg_catalog.pg_language AS l WHERE l.lanname = 'plpgsql'), false)
      AS guarded,
    pg_catalog.set_config(s.name, CASE s.name
      WHEN 'search_path' THEN pg_catalog.concat_ws(', ', 'pg_catalog', nullif(pg_catalog.current_setting('search_path'), ''))
      WHEN 'lock_timeout' THEN (
        SELECT greatest(1, least(${LOCK_TIMEOUT_MS}, d.setting::int8 / 4))::text
        FROM pg_catalog.pg_settings AS d WHERE d.name = 'deadlock_timeout')
      ELSE 'off' END, true) AS a
  FROM pg_catalog.pg_settings AS s
  WHERE s.name IN ('search_path', 'jit', 'enable_nestloop', 'quote_all_identifiers', 'lock_timeout')`;

export const postgresCatalog: Catalog = {
  settings,

  toOpen: (state) => fillIn(openedSql, scopeOf(state)),
  open: openRelations,
  openFirst: (state, facts, known) => openUnknown([facts, settings], fillIn(openedSql, scopeOf(state)), known),
  measure: (state) => (state.guarded ? measureRelations(fillIn(STORED, scopeOf(state))) : undefined),
  probes: probedTexts.map(({ part, texts }) => ({
    part,
    question: (state) => probeTexts(fillIn(texts, scopeOf(state))),
  })),

  names(faults, all) {
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
  },

  queries(state, rows) {
    const scope = scopeOf(state);
    const without = (part: Part) => isFaulty(state.faults, part, 'p.oid');
    return {
      ambiguousNames: fillIn(ambiguousNamesSql, scope),
      rows: {
        database: databaseSql,
        schema: fillIn(schemaSql, scope),
        table: tablesOf(state, scope, rows),
        column: columnsOf(state, scope),
        'extras-procedure': fillIn(procedureSql, {
          ...scope,
          NO_SOURCE: without('source'),
          NO_ARGUMENTS: without('arguments'),
          ESCAPED_ARGUMENTS: escaped('pg_catalog.oidvectortypes(p.proargtypes)'),
        }),
      },
    };
  },
};
