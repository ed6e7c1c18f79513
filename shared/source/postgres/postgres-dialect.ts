import { readFileSync } from 'node:fs';
import { postgresLexicalRules, quoteLiteral } from '../../duckdb/sql-text.ts';
import { ExactnessError } from '../../errors.ts';
import { fillIn } from '../../text/fill-in.ts';
import type { AskSource, ClientColumn, Dialect, SourceAnswer } from '../dialect.ts';
import { engineMessage } from '../engine-message.ts';
import { dollarTag } from './dollar-tag.ts';
import { postgresQueryParts } from './parts/postgres-query-parts.ts';
import { attachPostgres, LOCK_TIMEOUT } from './postgres-attach.ts';
import { postgresErrorPatterns } from './postgres-errors.ts';
import { postgresRelative, relativeWords } from './postgres-family.ts';
import { postgresParallelReading } from './postgres-snapshot.ts';
import {
  checkedInDuckdb,
  type PostgresColumn,
  planPostgresColumn,
  quotePostgresName,
} from './postgres-types.ts';

const describeSql = readFileSync(new URL('./postgres-describe.sql', import.meta.url), 'utf8');
const tablesSql = readFileSync(new URL('./postgres-tables.sql', import.meta.url), 'utf8');
const privilegesSql = readFileSync(new URL('./postgres-privileges.sql', import.meta.url), 'utf8');

const runsFunctionsSql = readFileSync(new URL('./postgres-runs-functions.sql', import.meta.url), 'utf8');

/** Settings that the text form of values depends on. */
const printSettings = [
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
  'extra_float_digits',
  'bytea_output',
  'xmlbinary',
  'lc_monetary',
  'lc_numeric',
  'lc_time',
  'quote_all_identifiers',
  // Whether the name of a table or type is printed with its schema.
  'search_path',
];

/** The current values of settings, in one text. */
const joined = (names: Iterable<string>) =>
  [...names].map((name) => `pg_catalog.current_setting('${name}')`).join(" || ' ' || ");

const reference = (columns: readonly string[], index: number) =>
  `q.${quotePostgresName(columns[index] ?? '')}`;

/** What Postgres itself says about a query's columns. The query is prepared for this, but not run. */
export async function describePostgresColumns(
  ask: AskSource,
  query: string,
  columns: readonly ClientColumn[],
): Promise<PostgresColumn[]> {
  const names = columns.map(({ name }) => name);
  const types = `SELECT ARRAY[${names.map((_, index) => `pg_catalog.pg_typeof(${reference(names, index)})::pg_catalog.oid`).join(', ')}]
    FROM (SELECT 1) AS one LEFT JOIN (SELECT * FROM (${query}\n) AS u LIMIT 0) AS q ON true`;
  const answer = await ask(fillIn(describeSql, { TYPES: types }));
  await assertReadableText(ask, columns);
  const rows = rowsByName(answer).sort((a, b) => Number(a.position) - Number(b.position));
  return columns.map(({ name, type }, index) => {
    const row = rows[index];
    return {
      name,
      clientType: type,
      sourceType: declaredType(String(row?.declared), type),
      base: String(row?.base),
      element: row?.element === null ? undefined : String(row?.element),
      kind: String(row?.kind),
      ...(row?.own === null ? {} : { own: { name: String(row?.own), isArray: row?.own_array === true } }),
    };
  });
}

/** A database with encoding SQL_ASCII accepts any bytes as text: nobody knows the meaning of those beyond ASCII. */
async function assertReadableText(ask: AskSource, columns: readonly ClientColumn[]): Promise<void> {
  const text = columns.find(({ type }) => type.startsWith('VARCHAR'));
  if (!text) return;
  const { rows } = await ask("SELECT pg_catalog.current_setting('server_encoding') AS encoding");
  if (rows[0]?.[0] !== 'SQL_ASCII') return;
  throw new ExactnessError(
    `Column "${text.name}" is text of a database with the encoding SQL_ASCII, which does not define its characters.`,
    {
      hint: `Read it as bytes: convert_to(${quotePostgresName(text.name)}, 'SQL_ASCII') AS ${quotePostgresName(text.name)}, or move the database to UTF8.`,
    },
  );
}

/** Postgres does not report an expression's precision in SQL; the client gets it from the protocol. */
function declaredType(declared: string, clientType: string): string {
  const digits = /^DECIMAL(\(\d+,\d+\))/.exec(clientType)?.[1];
  return digits ? declared.replace(/^numeric/, `numeric${digits}`) : declared;
}

function rowsByName({ names, rows }: SourceAnswer): Record<string, unknown>[] {
  return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]])));
}

/**
 * SQL that lifts a limit for this transaction, if the server knows it: of its time, or of the rows that a search in a GIN
 * index gives, which cuts off a result without an error. A limit that a person set for statements stays.
 */
const unlimited = (name: string) =>
  `CASE WHEN pg_catalog.current_setting('${name}', true) IS NOT NULL THEN pg_catalog.set_config('${name}', '0', true) END`;

/**
 * SQL for the name of what makes the login a superuser: of Postgres, or the administrators' role of a cloud. It takes no
 * lock, and asks for no role that the server does not have.
 */
const SUPERUSER = `CASE WHEN pg_catalog.current_setting('is_superuser', true) = 'on' THEN 'superuser'
    ${['rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin']
      .map(
        (role) =>
          `WHEN pg_catalog.pg_has_role(pg_catalog.to_regrole('${role}')::pg_catalog.oid, 'MEMBER') THEN '${role}'`,
      )
      .join(' ')} END`;

export const postgresDialect: Dialect = {
  describeServer: ({ version }) => `Postgres ${version}`,
  extension: 'postgres_scanner',
  relation: (sql, { database }) => `postgres_query(${quoteLiteral(database)}, ${quoteLiteral(sql)})`,
  execute: (sql, database) => `CALL postgres_execute(${quoteLiteral(database)}, ${quoteLiteral(sql)})`,
  defaultPort: 5432,
  lexicalRules: () => postgresLexicalRules,
  defaultSchema: () => 'public',
  tablesNamed: (schema, table) =>
    fillIn(tablesSql, { SCHEMA: quoteLiteral(schema), TABLE: quoteLiteral(table) }),
  tellsCase: true,
  sendsFilters: true,
  parallel: postgresParallelReading,
  parts: postgresQueryParts,

  settings: () => [
    // One connection for the whole run: the connection string is frozen at ATTACH, and one connection is one snapshot.
    'SET GLOBAL pg_pool_max_connections=1',
    'SET GLOBAL pg_pool_idle_timeout_millis=0',
    // The pool would ask before and after each use whether the connection still works, which is a third of all
    // statements. One that does not is found out by the next statement, and the run tries again.
    "SET GLOBAL pg_pool_health_check_query=''",
    // Where no snapshot can be exported, the parallel scan would give each connection its own (duckdb-postgres #381,
    // #163).
    'SET GLOBAL pg_use_ctid_scan=false',
  ],

  attach: attachPostgres,

  // Rarely needed, and not worth the time at each start: it is also a separate file in the bundle
  // (build-lambda-code.ts).
  async askRefusal(login, tls) {
    const { askPostgresRefusal } = await import('./postgres-refusal.ts');
    return askPostgresRefusal(login, tls, postgresDialect.serverFacts);
  },

  // The settings apply to this transaction only, and a pooler keeps a transaction on one connection of the server.
  // By their full names: a login's search_path may have its own type called text before the server's.
  serverFacts: `SELECT pg_catalog.pg_backend_pid()::pg_catalog.text AS id, pg_catalog.current_setting('server_version') AS version,
    '' AS mode, pg_catalog.current_setting('transaction_read_only') AS read_only, ${SUPERUSER} AS superuser,
    pg_catalog.set_config('datestyle', 'ISO', true) AS a, pg_catalog.set_config('intervalstyle', 'postgres', true) AS b,
    pg_catalog.set_config('extra_float_digits', '3', true) AS c, pg_catalog.set_config('bytea_output', 'hex', true) AS d,
    pg_catalog.set_config('standard_conforming_strings', 'on', true) AS e, pg_catalog.set_config('exit_on_error', 'off', true) AS i,
    ${unlimited('idle_in_transaction_session_timeout')} AS f, ${unlimited('transaction_timeout')} AS g,
    ${unlimited('gin_fuzzy_search_limit')} AS j,
    CASE pg_catalog.current_setting('lock_timeout') WHEN '0' THEN pg_catalog.set_config('lock_timeout', '${LOCK_TIMEOUT}', true) END AS h`,
  async relative(ask) {
    const { rows } = await ask('SELECT version() AS version');
    const relative = postgresRelative(String(rows[0]?.[0]));
    if (relative === undefined) return undefined;
    const { refused } = relative;
    return { words: relativeWords(relative), ...(refused === undefined ? {} : { refused }) };
  },
  async cancel({ ask }, { connectionId }) {
    if (connectionId !== undefined)
      await ask(`SELECT pg_catalog.pg_cancel_backend(${Number(connectionId)})::pg_catalog.text AS cancelled`);
  },

  async planColumns(ask, query, columns, modeOf) {
    const described = await describePostgresColumns(ask, query, columns);
    const names = columns.map(({ name }) => name);
    return described.map((column, index) => {
      const request = { mode: modeOf(column.name), index, reference: reference(names, index) };
      return checkedInDuckdb(column, planPostgresColumn(column, request));
    });
  },

  // Postgres keeps the order of a sorted subquery if the wrapper only computes values: it is neither merged nor read in
  // parallel.
  selectFrom: (query, expressions) =>
    `SELECT ${expressions.map(({ sql, alias }) => `${sql} AS ${alias}`).join(', ')} FROM (${query}\n) AS q`,
  reference,
  quoteName: quotePostgresName,
  asText: (value) => `${value}::pg_catalog.text`,

  codeOfRefusal(select) {
    const tag = dollarTag(select);
    // With a cursor, which takes exactly one statement.
    const block = `DECLARE plan text; code text; BEGIN
      BEGIN
        FOR plan IN EXECUTE ${tag}EXPLAIN ${select}${tag} LOOP EXIT; END LOOP;
      EXCEPTION WHEN others THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE;
      END;
      RAISE EXCEPTION 'ferry_code %', code; END`;
    const outer = dollarTag(block);
    return `SET LOCAL statement_timeout = '3s'; SET LOCAL lock_timeout = '1s'; DO ${outer}${block}${outer}`;
  },

  async estimateRows({ run }, query) {
    // postgres_query only sends a SELECT, and EXPLAIN is not one. A block can run it, but can only answer with an
    // error.
    const tag = dollarTag(query);
    const block = `DO $ferry_block$ DECLARE plan json; BEGIN
      EXECUTE ${tag}EXPLAIN (FORMAT JSON) ${query}${tag} INTO plan;
      RAISE EXCEPTION 'ferry_estimate %', plan->0->'Plan'->>'Plan Rows'; END $ferry_block$`;
    if (query.includes('$ferry_block$')) return undefined;
    try {
      await run(`SELECT * FROM postgres_execute('db', '${block.replaceAll("'", "''")}')`);
      return undefined;
    } catch (error) {
      const said = engineMessage(error);
      const rows = /ferry_estimate (\d+)/.exec(said)?.[1];
      return rows === undefined ? undefined : Number(rows);
    }
  },

  async findWritePrivileges(ask) {
    return rowsByName(await ask(privilegesSql)).map(({ privilege }) => String(privilege));
  },

  async describeEncryption(ask) {
    const [row] = rowsByName(
      await ask('SELECT ssl, version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()'),
    );
    return row?.ssl === true ? `${row.version}, ${row.cipher}` : undefined;
  },

  // The client begins each transaction as REPEATABLE READ.
  findSnapshotGap: async () => undefined,

  // Changed and set back within a statement, the encoding no longer comes from the connection.
  printSettings: `SELECT pg_catalog.current_setting('client_encoding') || ' ' || (SELECT s.source FROM pg_catalog.pg_settings AS s
      WHERE s.name = 'client_encoding') AS client_encoding,
    ${printSettings.map((name) => `pg_catalog.current_setting('${name}') AS "${name}"`).join(', ')}`,
  failWhenChanged(value, type, settings, marker) {
    const now = joined(settings.keys());
    const unchanged = `${now} = ${quoteLiteral([...settings.values()].join(' '))}`;
    // Looked at after the value was printed: operands are evaluated in their order. The marker is made of the settings,
    // as Postgres would evaluate a constant before it reads the first row.
    const fail = (cast: string) => `('${marker}' || pg_catalog.left(${now}, 0))::pg_catalog.${cast}`;
    if (type === 'VARCHAR[]') {
      return `CASE WHEN (${value}) IS NOT NULL THEN pg_catalog.array_cat(${value}, CASE WHEN ${unchanged} THEN '{}' ELSE ${fail('_int4')}::pg_catalog._text END) END`;
    }
    if (type === 'VARCHAR')
      return `(${value})::pg_catalog.text || CASE WHEN ${unchanged} THEN '' ELSE ${fail('int4')}::pg_catalog.text END`;
    const numeric = type.replace('DECIMAL', 'pg_catalog.numeric');
    return `((${value}) + CASE WHEN ${unchanged} THEN 0 ELSE ${fail('numeric')} END)::${numeric}`;
  },
  async runsFunctions(ask, { schema, table }) {
    const sql = fillIn(runsFunctionsSql, { SCHEMA: quoteLiteral(schema), TABLE: quoteLiteral(table) });
    return (await ask(sql)).rows[0]?.[0] === true;
  },
  errorPatterns: postgresErrorPatterns,
};
