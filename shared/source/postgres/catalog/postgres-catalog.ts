import { readFileSync } from 'node:fs';
import { fillIn } from '../../../text/fill-in.ts';
import type { Catalog, CatalogQueries, CatalogState, RowTakers } from '../../catalog/catalog.ts';
import { type Fault, type Part, partKinds } from '../../catalog/faults.ts';
import { relationInScope, schemasInScope } from '../../catalog/filters.ts';
import { bytesOf, ENCODINGS, hexOf } from '../../catalog/shared-texts.ts';
import { measureRelations, openRelations, openUnknown, probeTexts } from './postgres-guarded.ts';
import { ARGUMENTS, probedTexts } from './postgres-probes.ts';

const read = (file: URL) => readFileSync(file, 'utf8');
const databaseSql = read(new URL('./postgres-database.sql', import.meta.url));
const schemaSql = read(new URL('./postgres-schema.sql', import.meta.url));
const tableSql = read(new URL('./postgres-table.sql', import.meta.url));
const columnSql = read(new URL('./postgres-column.sql', import.meta.url));
const ambiguousNamesSql = read(new URL('./postgres-ambiguous-names.sql', import.meta.url));
const procedureSql = read(new URL('./postgres-procedure.sql', import.meta.url));
const sharedTextsSql = read(new URL('./postgres-shared-texts.sql', import.meta.url));
const openedSql = read(new URL('./postgres-opened.sql', import.meta.url));
const namedSql = read(new URL('./postgres-named.sql', import.meta.url));

/** What in the answers is the same for the whole server. */
const sharedColumns: CatalogQueries['shared'] = {
  database: { database: ['database_name'], texts: ['datname', 'datcollate', 'datctype', 'datacl'] },
  schema: { database: ['catalog_name'], texts: ['schema_owner'] },
  table: { database: ['table_catalog', 'user_defined_type_catalog'], texts: [] },
  column: { database: ['table_catalog'], texts: [] },
  'extras-procedure': { database: ['procedure_catalog'], texts: ['source_owner'] },
};

const ownerOf = (oid: string) => bytesOf(`pg_catalog.pg_get_userbyid(${oid})`);

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

/** SQL for a text of ASCII instead of one that cannot be sent. */
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
function scopeOf({ filters, databaseName, faults }: CatalogState) {
  const relations = (alias: string) =>
    `${relationInScope(filters, `${alias}.relname`)} AND NOT ${isFaulty(faults, 'relation', `${alias}.oid`)}`;
  return {
    SCOPE: `${schemasInScope(filters, databaseName)} AND NOT ${isFaulty(faults, 'schema', 'n.oid')}`,
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

// What texts of the server depend on is the same for every login, and each text so too:
// - search_path: what of it is visible stands without its schema in definitions and types. pg_catalog first, so that no function or
//   operator of a user's schema stands in for one of the server's; public as in Atlan's app, whose logins have the default.
// - TimeZone and lc_monetary: constants in defaults, views and bounds of partitions. What else these depend on is set at the
//   beginning of each transaction (serverFacts of the dialect).
// - jit and nested loops: the planner guesses a few rows where a big catalog has millions, above all before its first ANALYZE.
// - lock_timeout: below deadlock_timeout, so that nobody who waits for us is ended as the victim of a deadlock. Other transactions of
//   Ferry wait for longer, which serverFacts has set before.
// Taken from pg_settings, as not every version knows all of them. Types by their full names, as the login's own search_path holds for it.
const settings = `SELECT
    coalesce((SELECT pg_catalog.has_language_privilege(l.oid, 'USAGE') FROM pg_catalog.pg_language AS l WHERE l.lanname = 'plpgsql'), false)
      AS guarded,
    pg_catalog.set_config(s.name, CASE s.name
      WHEN 'search_path' THEN 'pg_catalog, public' WHEN 'TimeZone' THEN 'UTC' WHEN 'lc_monetary' THEN 'C'
      WHEN 'lock_timeout' THEN (
        SELECT greatest(1, least(${LOCK_TIMEOUT_MS}, pg_catalog.div(d.setting::pg_catalog.numeric, 4)))::pg_catalog.text
        FROM pg_catalog.pg_settings AS d WHERE d.name = 'deadlock_timeout')
      ELSE 'off' END, true) AS a
  FROM pg_catalog.pg_settings AS s
  WHERE s.name IN ('search_path', 'TimeZone', 'lc_monetary', 'jit', 'enable_nestloop', 'quote_all_identifiers', 'lock_timeout')`;

export const postgresCatalog: Catalog = {
  settings,

  sharedTexts: fillIn(sharedTextsSql, {
    DATABASE: hexOf('pg_catalog.current_database()'),
    ROLE: hexOf('r.rolname'),
    TEXT: hexOf('of_database.text'),
    ENCODINGS,
  }),

  toOpen: (state) => fillIn(openedSql, scopeOf(state)),
  open: openRelations,
  openFirst: (state, facts, known) =>
    openUnknown([facts, settings], fillIn(openedSql, scopeOf(state)), known),
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
        database: fillIn(databaseSql, {
          DATNAME: bytesOf('d.datname'),
          DATCOLLATE: bytesOf('d.datcollate'),
          DATCTYPE: bytesOf('d.datctype'),
          DATACL: bytesOf('d.datacl'),
        }),
        schema: fillIn(schemaSql, { ...scope, OWNER: ownerOf('n.nspowner') }),
        table: tablesOf(state, scope, rows),
        column: columnsOf(state, scope),
        'extras-procedure': fillIn(procedureSql, {
          ...scope,
          OWNER: ownerOf('routine.proowner'),
          NO_SOURCE: without('source'),
          NO_ARGUMENTS: without('arguments'),
          ARGUMENTS,
          ESCAPED_ARGUMENTS: escaped(ARGUMENTS),
        }),
      },
      shared: sharedColumns,
    };
  },
};
