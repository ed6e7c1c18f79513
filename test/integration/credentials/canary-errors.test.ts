import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpanStatusCode } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { formatError, formatErrorAsJson } from '../../../cli/output/output.ts';
import { FerryError, QueryError } from '../../../shared/errors.ts';
import { exportParquet } from '../../../shared/source/query/export-parquet.ts';
import { prepareQuery } from '../../../shared/source/query/prepare-query.ts';
import { SourceSession } from '../../../shared/source/sessions/session.ts';
import { queryOf } from '../../../shared/sync/open-sync-session.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import {
  type CanaryServers,
  canaries,
  expectNoData,
  NAME,
  type SourceName,
  startCanaryServers,
} from '../../support/canary/canary-servers.ts';
import type { MysqlServer } from '../../support/servers/mysql-server.ts';
import type { PostgresServer } from '../../support/servers/postgres-server.ts';
import { parseSync } from '../../support/sync/read-through-ferry.ts';
import { recordSpans } from '../../support/telemetry/record-spans.ts';

// What the source's tables hold goes into the Parquet file: no error that people see, and no span, quotes a value of it.

let servers: CanaryServers;
let folder: string;
let spans: ReturnType<typeof recordSpans>;
let sessions: Record<SourceName, SourceSession>;
beforeAll(async () => {
  servers = await startCanaryServers();
  folder = await mkdtemp(join(tmpdir(), 'ferry canary ü '));
  spans = recordSpans();
  sessions = {
    postgres: await openSession(servers.postgres, 'postgres'),
    mariadb: await openSession(servers.mariadb, 'mariadb'),
  };
});
afterAll(async () => {
  for (const session of Object.values(sessions)) session.close();
  await spans[Symbol.asyncDispose]();
  await servers[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function openSession(server: PostgresServer | MysqlServer, name: SourceName): Promise<SourceSession> {
  const { source } = parseSync(name === 'postgres' ? 'postgres' : 'mysql', { query: 'SELECT 1' });
  return SourceSession.open({
    source,
    login: { ...server, username: server.user },
    folder: join(folder, name),
    extensionFolders: [PROJECT_EXTENSIONS],
    memoryLimitBytes: 1_000_000_000,
    threads: 2,
    mode: 'exact',
  });
}

/** What ended a read in this process, and what the engine said. */
async function failure(
  name: SourceName,
  fields: Record<string, unknown>,
): Promise<{ error: FerryError; engine: string }> {
  const { sync } = parseSync(name === 'postgres' ? 'postgres' : 'mysql', fields);
  const session = sessions[name];
  const error: unknown = await (async () => {
    const query = await queryOf(sync);
    const prepared = await prepareQuery(session, query, { mode: sync.types, overrides: sync.columns });
    await exportParquet(session, prepared, 'result.parquet');
    throw new Error('The read did not fail.');
  })().catch((thrown: unknown) => thrown);
  if (!(error instanceof FerryError)) throw error;
  let engine = '';
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) engine += `${cause.message}\n`;
  return { error, engine };
}

const shown = (error: FerryError) => `${formatError(error)}${formatErrorAsJson(error)}${String(error)}`;

// Errors of Postgres that quote a value, by what makes them; `people` has one row. The engine must have quoted it: a case that says
// nothing proves nothing.
const quotedByPostgres = [
  // Input of a type.
  ...'int bigint numeric float8 boolean date timestamp timestamptz time timetz interval uuid json jsonb inet cidr macaddr macaddr8'
    .split(' ')
    .map((type) => `name::${type}`),
  ...'point box circle path polygon lseg line money oid xid cid tid pg_lsn pg_snapshot aclitem mood int[] text[] people'
    .split(' ')
    .map((type) => `name::${type}`),
  ...'int4range tsrange nummultirange regclass regtype regproc regoper regrole regnamespace regconfig regcollation regdictionary'
    .split(' ')
    .map((type) => `name::${type}`),
  'big::text::int2',
  "(born::text || '9')::date",
  "('9' || born || 'x')::timestamp",
  "(born || ' 99:00')::timestamp",
  "('[' || name || ']')::int4range",
  "('(' || name || ')')::people",
  "('(' || name || ')')::point",
  "string_to_array(name, '-')::int[]",
  'ARRAY[name]::int[]',
  'quote_literal(name)::int',
  // Arguments that are names, settings, units, encodings, zones.
  'born AT TIME ZONE name',
  'date_trunc(name, since)',
  'date_part(name, since)',
  'encode(raw, name)',
  'convert_from(raw, name)',
  "set_config(name, 'x', true)",
  "set_config('work_mem', name, true)",
  'current_setting(name)',
  "has_table_privilege(name, 'SELECT')",
  "has_table_privilege('people', name)",
  'nextval(name)',
  'currval(name)',
  "to_tsvector(name::regconfig, 'x')",
  'pg_size_bytes(name)',
  "parse_ident(name || '.')",
  'pg_read_file(name)',
  'pg_ls_dir(name)',
  'pg_stat_file(name)',
  'pg_relation_size(name)',
  // Numbers out of bounds.
  'chr(salary::int)',
  'get_bit(raw, salary::bigint)',
  'get_byte(raw, salary::int)',
  'set_byte(raw, salary::int, 1)',
  'lo_get(salary::int::oid)',
  'txid_status(big)',
  // JSON and XML.
  "jsonb_set('[]', ARRAY[name], '1')",
  "jsonb_path_query(jsonb_build_object('a', 1), ('strict $.' || quote_ident(name))::jsonpath)",
  "(json_populate_record(NULL::people, json_build_object('id', name))).id",
  "JSON_VALUE(to_jsonb(name), '$' RETURNING int ERROR ON ERROR)",
  "('{\"a\": ' || name || '}')::json",
  'xmlparse(document name)',
  // SQL in SQL: a position and its own query, which is not the sync's.
  'shout(name)',
  'run(name)',
  "run('SELECT ' || quote_ident(name))",
  "run('SELECT * FROM ' || quote_ident(name))",
  "run('SELECT 1/0 -- ' || name)",
  "run('SELECT ' || quote_literal(name) || '::int')",
  "query_to_xml(name, true, true, '')",
];

describe('an error of Postgres that quotes a value', () => {
  it.each(quotedByPostgres)('does not reveal it while rows are read: %s', async (expression) => {
    const { error, engine } = await failure('postgres', { query: `SELECT ${expression} AS v FROM people` });
    expect(canaries.some((canary) => canary.test(engine))).toBe(true);
    expectNoData(shown(error));
  });

  it.each([
    'SELECT * FROM planned_cast',
    'SELECT * FROM planned_shout',
    'SELECT * FROM planned_sql',
    'SELECT * FROM planned_denial',
    'SELECT planned()::int AS v',
    'SELECT id FROM people WHERE id < estimated()',
    'SELECT id FROM people WHERE id < run(planned())',
  ])('does not reveal it before anything is read: %s', async (query) => {
    const { error, engine } = await failure('postgres', { query });
    expect(canaries.some((canary) => canary.test(engine))).toBe(true);
    expectNoData(shown(error));
  });

  it.each(['planned_cast', 'planned_shout', 'planned_sql', 'planned_denial'])(
    'does not reveal it before a duckdbQuery reads %s',
    async (view) => {
      const { error, engine } = await failure('postgres', { duckdbQuery: `SELECT * FROM db.${view}` });
      expect(canaries.some((canary) => canary.test(engine))).toBe(true);
      expectNoData(shown(error));
    },
  );

  it('still explains an error in the query, in its own words', async () => {
    const said = async (fields: Record<string, unknown>) => (await failure('postgres', fields)).error.message;
    expect(await said({ query: "SELECT 'abc'::int" })).toContain(
      'invalid input syntax for type integer: "abc"',
    );
    expect(await said({ query: 'SELECT nix FROM people' })).toContain('column "nix" does not exist');
    expect(await said({ query: 'SELECT nix(1)' })).toContain('function nix(integer) does not exist');
    expect(await said({ duckdbQuery: 'SELECT nix FROM db.people' })).toContain('"nix" not found');
  });
});

const quotedByDuckdb = [
  'CAST(name AS INT)',
  'name::DATE',
  'name::TIMESTAMP',
  'name::TIME',
  'name::INTERVAL',
  'name::BOOLEAN',
  'name::UUID',
  'name::JSON',
  'name::DECIMAL(3,1)',
  'name::DOUBLE',
  "('x' || name)::ENUM('a')",
  'name::INT[]',
  'name::STRUCT(a INT)',
  'name::BIT',
  'salary::DECIMAL(3,1)',
  'salary::TINYINT',
  'big::INT',
  'big::INT * big * big * big',
  'big * big * big',
  "strptime(name, '%Y')",
  'date_trunc(name, since)',
  'date_part(name, since)',
  'error(name)',
  'error(big::VARCHAR)',
  "regexp_matches(name, '(' || name)",
  "json_extract(name, '$.a')",
  'unhex(name)',
  'from_base64(name)',
  'make_date(big::INT, 99, 99)',
  "printf('%d', name)",
  'timezone(name, since)',
  'chr(salary::INT)',
  'list_extract([1], name::INT)',
];

describe('an error of DuckDB that quotes a value', () => {
  it.each(quotedByDuckdb)('does not reveal it: %s', async (expression) => {
    const { error } = await failure('postgres', {
      duckdbQuery: `SELECT ${expression} AS v FROM db.people`,
    });
    expectNoData(shown(error));
  });

  it('really was quoted', async () => {
    const { engine } = await failure('postgres', { duckdbQuery: 'SELECT name::INT AS v FROM db.people' });
    expect(engine).toContain(NAME);
  });

  it('does not reveal an enum’s labels, which are the contents of its columns', async () => {
    const { error, engine } = await failure('postgres', {
      duckdbQuery: 'SELECT mood + 1 AS v FROM db.moods',
    });
    expect(engine).toContain('Kanarie (im Enum)');
    expect(error.message).toContain("'+(ENUM, INTEGER_LITERAL)'");
    expectNoData(shown(error));
  });
});

// An enum's labels stand in DuckDB's name of its type, which plan-table-scans.ts and prepare-query.ts put into messages and into the
// record's schema. It takes a name without them there, ENUM, and a pattern in isPlain() that lets a label hold a parenthesis.
describe('the labels of an enum that a duckdbQuery reads', () => {
  it.each([
    [{ duckdbQuery: 'SELECT mood FROM db.moods', types: 'compatible', columns: { mood: 'bigint' } }],
    [{ duckdbQuery: 'SELECT all_moods FROM db.moods' }],
  ])('are in no message: %o', async (fields) => {
    expectNoData(shown((await failure('postgres', fields)).error));
  });

  it('are in no record', async () => {
    const { sync } = parseSync('postgres', { duckdbQuery: 'SELECT mood FROM db.moods', types: 'compatible' });
    const { columns } = await prepareQuery(sessions.postgres, await queryOf(sync), {
      mode: sync.types,
      overrides: {},
    });
    expectNoData(JSON.stringify(columns.map(({ name, type }) => ({ name, type }))));
  });

  it('may contain a parenthesis', async () => {
    const { sync } = parseSync('postgres', { duckdbQuery: 'SELECT mood FROM db.moods' });
    const prepared = await prepareQuery(sessions.postgres, await queryOf(sync), {
      mode: sync.types,
      overrides: {},
    });
    expect(prepared.columns.map(({ name }) => name)).toEqual(['mood']);
  });
});

const quotedByMariadb: [query: Record<string, unknown>, quoted: boolean][] = [
  [{ query: 'SELECT shout(name) AS v FROM people' }, false],
  [{ query: 'SELECT shout(name) AS v FROM two' }, false],
  [{ query: 'SELECT id FROM people WHERE id = shout(name)' }, false],
  [{ query: 'SELECT * FROM planned_shout' }, true],
  [{ query: 'SELECT shout(planned()) AS v' }, true],
  [{ query: 'SELECT shout((SELECT name FROM people)) AS v' }, true],
  [{ query: 'SELECT EXTRACTVALUE(1, planned()) AS v' }, true],
  [{ query: "SELECT UPDATEXML('<a/>', planned(), 1) AS v" }, true],
  [{ query: "SELECT STR_TO_DATE('1', shout(planned())) AS v" }, true],
  [{ query: 'SELECT ROUND(salary, shout(planned())) AS v FROM people' }, true],
  [{ query: 'SELECT id FROM people WHERE id = 1 AND big - 4815162343 > 0' }, false],
  [{ query: 'SELECT big - 9999999999 AS v FROM people' }, false],
  [{ query: 'SELECT EXP(salary) AS v FROM people' }, false],
  [{ query: 'SELECT POW(salary, 99) AS v FROM people' }, false],
  [{ query: 'SELECT (SELECT name FROM two) AS v' }, false],
  [{ query: 'SELECT GET_LOCK(REPEAT(name, 20), 0) AS v FROM people' }, false],
  [
    {
      query:
        'SELECT COUNT(*) AS v, CONCAT(name, FLOOR(RAND(0) * 2)) AS x FROM two, information_schema.columns GROUP BY x',
    },
    false,
  ],
  [{ query: "SELECT COLUMN_GET(name, 'a' AS int) AS v FROM people" }, false],
  [{ query: 'SELECT wide AS v FROM people', columns: { v: 'decimal(3,1)' } }, false],
  [{ query: 'SELECT * FROM odd' }, false],
  [{ duckdbQuery: 'SELECT * FROM db.planned_shout' }, true],
  [{ duckdbQuery: 'SELECT * FROM db.odd' }, false],
  [{ duckdbQuery: 'SELECT CAST(name AS INT) AS v FROM db.people' }, true],
  [{ duckdbQuery: 'SELECT salary::DECIMAL(3,1) AS v FROM db.people' }, false],
  [{ duckdbQuery: 'SELECT mood + 1 AS v FROM db.people' }, false],
];

describe('an error of MariaDB that quotes a value', () => {
  it.each(quotedByMariadb.map(([fields, quoted]) => ({ fields, quoted, what: JSON.stringify(fields) })))(
    'does not reveal it: $what',
    async ({ fields, quoted }) => {
      const { error, engine } = await failure('mariadb', fields);
      if (quoted) expect(canaries.some((canary) => canary.test(engine))).toBe(true);
      expectNoData(shown(error));
    },
  );

  it('still explains an error in the query, in its own words', async () => {
    const said = async (fields: Record<string, unknown>) => (await failure('mariadb', fields)).error.message;
    expect(await said({ query: 'SELECT nix FROM people' })).toContain("Unknown column 'nix'");
    expect(await said({ query: 'SELECT * FROM nix' })).toContain("nix' doesn't exist");
    expect(await said({ query: 'SELECT nix(1)' })).toContain('FUNCTION ferry.nix does not exist');
    expect(await said({ query: 'SELEC 1' })).toContain('You have an error in your SQL syntax');
    expect(await said({ query: 'SELECT id FROM people a, people b' })).toContain("Column 'id' in");
  });
});

describe('an error that nobody expected', () => {
  it('shows neither its message nor its cause', () => {
    const engine = new Error(`bad value ${NAME}`);
    const wrapped = new QueryError('The query failed.', { cause: engine });
    const lines: string[] = [];
    const logger = createLogger({
      level: 'debug',
      destination: { write: (line: string) => lines.push(line) },
    });
    logger.error({ err: wrapped }, 'failed');
    expect(lines).toHaveLength(1);
    expectNoData(lines.join(''));
    expectNoData(formatErrorAsJson(engine));
    expectNoData(formatErrorAsJson(wrapped));
  });
});

// Last, because it looks at those of all tests above.
it('no span quotes a value, an error or SQL', () => {
  const recorded = spans.all();
  expect(recorded.filter(({ status }) => status.code === SpanStatusCode.ERROR).length).toBeGreaterThan(50);
  for (const { name, attributes, status, events } of recorded) {
    const text = JSON.stringify([name, attributes, status, events]);
    expectNoData(text);
    expect(text).not.toMatch(/select|::|people/i);
  }
});
