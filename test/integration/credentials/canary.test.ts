import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { exitCodeOf } from '../../../cli/exit-codes.ts';
import { formatError, formatErrorAsJson, printError } from '../../../cli/output/output.ts';
import { createProgram } from '../../../cli/program.ts';
import { PROJECT_EXTENSIONS } from '../../../cli/session-options.ts';
import { FerryError, QueryError } from '../../../shared/errors.ts';
import { exportParquet } from '../../../shared/source/query/export-parquet.ts';
import { prepareQuery } from '../../../shared/source/query/prepare-query.ts';
import { SourceSession } from '../../../shared/source/session.ts';
import { queryOf } from '../../../shared/sync/open-sync-session.ts';
import { createLogger, logLevels } from '../../../shared/telemetry/logger.ts';
import { type FerryResult, runFerryProcess } from '../../support/cli/ferry-command.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { FailureHow, PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';
import { parseSync } from '../../support/sync/read-through-ferry.ts';

// What the source's tables hold goes into the Parquet file and nowhere else: not to the screen, into the log, into the record of a
// run or into what stays on the disk, whatever goes wrong; nor does anything that Ferry signs in with.

const DATASET = 'ds_vogelhaus1';
// No query below contains one of these values, so that wherever one turns up it came out of a table.
const NAME = 'Kanarienvogel-4711';
const SALARY = '48151623.42';
const canaries = [/kanarie/i, /48151623/, /4815162342/, /1815-12-10/, /1815-12/];
// Every character that a connection string, a shell or SQL could trip over.
const PASSWORD = `Kennwort p' "q" \\ $$ a=b\n&ü%20ß`;

let postgres: PostgresServer;
let mariadb: MysqlServer;
let polyteia: PolyteiaStandIn;
let folder: string;
let sessions: Record<SourceName, SourceSession>;
type SourceName = 'postgres' | 'mariadb';

beforeAll(async () => {
  [postgres, mariadb, polyteia] = await Promise.all([
    startPostgres({ password: PASSWORD }),
    startMysql({ password: PASSWORD, settings: { sql_mode: '' } }),
    startPolyteiaStandIn({ datasets: [DATASET] }),
  ]);
  folder = await mkdtemp(join(tmpdir(), 'ferry canary ü '));
  await Promise.all([createPostgresTables(), createMariadbTables()]);
  sessions = {
    postgres: await openSession(postgres, 'postgres'),
    mariadb: await openSession(mariadb, 'mariadb'),
  };
});

afterAll(async () => {
  for (const session of Object.values(sessions)) session.close();
  await Promise.all([postgres.stop(), mariadb.stop(), polyteia.stop()]);
  await rm(folder, { recursive: true, force: true });
});

const createPostgresTables = () =>
  postgres.query(`
    CREATE TYPE mood AS ENUM ('Kanarie (im Enum)', 'other');
    CREATE DOMAIN small AS int CHECK (value < 100);
    CREATE TABLE people (id int, name text DEFAULT 'Kanarie-im-Default', salary numeric(12,2), born date, raw bytea, big bigint,
      many text[], since timestamp);
    INSERT INTO people VALUES (1, '${NAME}', ${SALARY}, '1815-12-10', '${NAME}', 4815162342, ARRAY['${NAME}'], '1815-12-10');
    CREATE TABLE moods (id int, mood mood, all_moods mood[]);
    INSERT INTO moods VALUES (1, 'Kanarie (im Enum)', ARRAY['Kanarie (im Enum)'::mood]);
    -- Beside the canary, in the same table, what the file has no place for.
    CREATE TABLE odd AS SELECT * FROM people;
    INSERT INTO odd VALUES (2, '${NAME}', 'NaN', 'infinity', NULL, 1, ARRAY[ARRAY['${NAME}'], ARRAY['x']], 'infinity');
    CREATE FUNCTION shout(text) RETURNS int LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'no: %', $1 USING DETAIL = $1, HINT = $1, COLUMN = $1; END $$;
    CREATE FUNCTION whisper(text) RETURNS int LANGUAGE plpgsql AS
      $$ BEGIN RAISE NOTICE '%', $1; RAISE WARNING '%', $1; RAISE INFO '%', $1; RETURN 1; END $$;
    CREATE FUNCTION run(text) RETURNS int LANGUAGE plpgsql AS $$ DECLARE r int; BEGIN EXECUTE $1 INTO r; RETURN r; END $$;
    -- What calls itself immutable or stable is run when a query is planned: before Ferry reads anything.
    CREATE FUNCTION planned() RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT name FROM people';
    CREATE FUNCTION estimated() RETURNS int STABLE LANGUAGE plpgsql AS
      $$ DECLARE x text; BEGIN SELECT name INTO x FROM people; RETURN shout(x); END $$;
    CREATE VIEW planned_cast AS SELECT planned()::int AS v;
    CREATE VIEW planned_shout AS SELECT * FROM people WHERE id < estimated();
    CREATE VIEW planned_sql AS SELECT * FROM people WHERE id < run(planned());
    CREATE VIEW planned_denial AS SELECT * FROM people WHERE id < run('SELECT "permission denied for ' || planned() || '"')`);

const createMariadbTables = async () => {
  await mariadb.query(`
    CREATE TABLE people (id int PRIMARY KEY, name varchar(100) DEFAULT 'Kanarie-im-Default', salary decimal(12,2), born date,
      big bigint unsigned, mood enum('Kanarie-im-Enum', 'other'), wide decimal(50,2));
    INSERT INTO people VALUES (1, '${NAME}', ${SALARY}, '1815-12-10', 4815162342, 'Kanarie-im-Enum', ${SALARY});
    CREATE TABLE two (name varchar(100));
    INSERT INTO two VALUES ('${NAME}'), ('${NAME}');
    CREATE TABLE odd (name varchar(100), born date, at datetime);
    INSERT INTO odd VALUES ('${NAME}', '1815-12-10', '1815-12-10 10:00:00'), ('${NAME}', '0000-00-00', '1815-12-00 00:00:00')`);
  await mariadb.query(`CREATE FUNCTION shout(x varchar(100)) RETURNS int DETERMINISTIC
    BEGIN DECLARE said varchar(128); SET said = CONCAT('no: ', x); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = said; RETURN 1; END`);
  await mariadb.query(`CREATE FUNCTION planned() RETURNS varchar(100) DETERMINISTIC READS SQL DATA
    BEGIN DECLARE x varchar(100); SELECT CONCAT('~', name) INTO x FROM people; RETURN x; END`);
  await mariadb.query('CREATE VIEW planned_shout AS SELECT shout(planned()) AS v');
};

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

function expectNoData(text: string): void {
  for (const canary of canaries) expect(text).not.toMatch(canary);
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
  it.each(quotedByPostgres)('keeps it to itself while rows are read: %s', async (expression) => {
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
  ])('keeps it to itself before anything is read: %s', async (query) => {
    const { error, engine } = await failure('postgres', { query });
    expect(canaries.some((canary) => canary.test(engine))).toBe(true);
    expectNoData(shown(error));
  });

  it.each(['planned_cast', 'planned_shout', 'planned_sql', 'planned_denial'])(
    'keeps it to itself before a duckdbQuery reads %s',
    async (view) => {
      const { error, engine } = await failure('postgres', { duckdbQuery: `SELECT * FROM db.${view}` });
      expect(canaries.some((canary) => canary.test(engine))).toBe(true);
      expectNoData(shown(error));
    },
  );

  it('still says what is wrong with the words of the query itself', async () => {
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
  it.each(quotedByDuckdb)('keeps it to itself: %s', async (expression) => {
    const { error } = await failure('postgres', {
      duckdbQuery: `SELECT ${expression} AS v FROM db.people`,
    });
    expectNoData(shown(error));
  });

  it('was quoted at all', async () => {
    const { engine } = await failure('postgres', { duckdbQuery: 'SELECT name::INT AS v FROM db.people' });
    expect(engine).toContain(NAME);
  });

  it("keeps an enum's labels to itself: they are what its columns hold", async () => {
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

  it('may hold a parenthesis', async () => {
    const { sync } = parseSync('postgres', { duckdbQuery: 'SELECT mood FROM db.moods' });
    await prepareQuery(sessions.postgres, await queryOf(sync), { mode: sync.types, overrides: {} });
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
    'keeps it to itself: $what',
    async ({ fields, quoted }) => {
      const { error, engine } = await failure('mariadb', fields);
      if (quoted) expect(canaries.some((canary) => canary.test(engine))).toBe(true);
      expectNoData(shown(error));
    },
  );

  it('still says what is wrong with the words of the query itself', async () => {
    const said = async (fields: Record<string, unknown>) => (await failure('mariadb', fields)).error.message;
    expect(await said({ query: 'SELECT nix FROM people' })).toContain("Unknown column 'nix'");
    expect(await said({ query: 'SELECT * FROM nix' })).toContain("nix' doesn't exist");
    expect(await said({ query: 'SELECT nix(1)' })).toContain('FUNCTION ferry.nix does not exist');
    expect(await said({ query: 'SELEC 1' })).toContain('You have an error in your SQL syntax');
    expect(await said({ query: 'SELECT id FROM people a, people b' })).toContain("Column 'id' in");
  });
});

describe('an error that nobody expected', () => {
  it('shows neither its words nor its cause', () => {
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

interface RunCase {
  what: string;
  source: SourceName;
  sync: Record<string, unknown>;
  upload?: FailureHow;
  class?: string;
  /** Run as its own process, whose client libraries may print too. */
  apart?: true;
}

const row = 'SELECT id, name, salary, born FROM people';
const runs: RunCase[] = [
  { apart: true, what: 'success', source: 'postgres', sync: { query: 'SELECT * FROM people' } },
  {
    what: 'notices',
    apart: true,
    source: 'postgres',
    sync: { query: 'SELECT name, salary, born, whisper(name) FROM people' },
  },
  {
    what: 'conversions and warnings',
    source: 'postgres',
    sync: {
      duckdbQuery: 'SELECT name, salary, born FROM db.people',
      types: 'compatible',
      columns: { salary: 'text' },
    },
  },
  { apart: true, what: 'success', source: 'mariadb', sync: { query: row } },
  { what: 'a scan', source: 'mariadb', sync: { duckdbQuery: 'SELECT name, salary, born FROM db.people' } },
  {
    what: 'division by zero',
    source: 'postgres',
    sync: { query: 'SELECT name, 1/(id-1) AS v FROM people' },
    class: 'QueryError',
  },
  {
    what: 'a cast',
    source: 'postgres',
    sync: { query: 'SELECT name::int AS v FROM people' },
    class: 'QueryError',
  },
  {
    what: 'NaN next to it',
    source: 'postgres',
    sync: { query: 'SELECT name, salary FROM odd' },
    class: 'ExactnessError',
  },
  {
    what: 'infinity next to it',
    source: 'postgres',
    sync: { query: 'SELECT born FROM odd' },
    class: 'ExactnessError',
  },
  {
    what: 'an array of two dimensions',
    source: 'postgres',
    sync: { query: 'SELECT many FROM odd' },
    class: 'ExactnessError',
  },
  {
    what: 'a table with NaN',
    source: 'postgres',
    sync: { duckdbQuery: 'SELECT name, salary FROM db.odd' },
    class: 'ExactnessError',
  },
  {
    what: 'an overflow',
    source: 'postgres',
    sync: { query: row, columns: { salary: 'decimal(3,1)' } },
    class: 'ExactnessError',
  },
  {
    what: 'an override that cannot be',
    source: 'postgres',
    sync: { query: row, columns: { name: 'bigint' } },
    class: 'ConfigError',
  },
  {
    what: 'a cast of DuckDB',
    apart: true,
    source: 'postgres',
    sync: { duckdbQuery: 'SELECT name::INT AS v FROM db.people' },
    class: 'QueryError',
  },
  {
    what: 'words of a function',
    source: 'postgres',
    sync: { query: 'SELECT shout(name) AS v FROM people' },
    class: 'QueryError',
  },
  {
    what: 'words of a planned function',
    apart: true,
    source: 'postgres',
    sync: { duckdbQuery: 'SELECT * FROM db.planned_shout' },
    class: 'QueryError',
  },
  {
    what: 'a lost connection',
    apart: true,
    source: 'postgres',
    sync: { query: 'SELECT name, pg_terminate_backend(pg_backend_pid()) AS v FROM people' },
    class: 'SourceUnavailableError',
  },
  { what: 'no rows', source: 'postgres', sync: { query: `${row} WHERE id > 1` }, class: 'GuardError' },
  {
    what: 'a refused upload',
    apart: true,
    source: 'postgres',
    sync: { query: row },
    upload: { kind: 'status', status: 400, message: `bad value "${NAME}" in row ${SALARY}` },
    class: 'PolyteiaRejectedError',
  },
  {
    what: 'an upload refused in words',
    source: 'mariadb',
    sync: { query: row },
    upload: { kind: 'errorEnvelope', code: 422, message: `${NAME} is no number` },
    class: 'PolyteiaRejectedError',
  },
  {
    what: 'an upload answered by a page',
    source: 'mariadb',
    sync: { query: row },
    upload: { kind: 'status', status: 500, html: `<p>${NAME}</p>` },
    class: 'PolyteiaUnavailableError',
  },
  {
    what: 'an invalid date',
    source: 'mariadb',
    sync: { query: 'SELECT * FROM odd' },
    class: 'ExactnessError',
  },
  {
    what: 'a table with such dates',
    source: 'mariadb',
    sync: { duckdbQuery: 'SELECT * FROM db.odd' },
    class: 'ExactnessError',
  },
  {
    what: 'an overflow',
    source: 'mariadb',
    sync: { query: 'SELECT wide FROM people', columns: { wide: 'decimal(3,1)' } },
    class: 'ExactnessError',
  },
  {
    what: 'words of a function',
    source: 'mariadb',
    sync: { query: 'SELECT id FROM people WHERE id = shout(name)' },
    class: 'QueryError',
  },
  {
    what: 'words of a planned function',
    apart: true,
    source: 'mariadb',
    sync: { duckdbQuery: 'SELECT * FROM db.planned_shout' },
    class: 'QueryError',
  },
  {
    what: 'words of a prepared function',
    apart: true,
    source: 'mariadb',
    sync: { query: 'SELECT EXTRACTVALUE(1, planned()) AS v' },
    class: 'QueryError',
  },
  {
    what: 'a cast of DuckDB',
    apart: true,
    source: 'mariadb',
    sync: { duckdbQuery: 'SELECT name::INT AS v FROM db.people' },
    class: 'QueryError',
  },
];
const jobOf = (index: number) => `run-${index}`;

/** Does what cli/main.ts does, without the time that a process takes to start. */
async function runHere(args: readonly string[], temporary: string): Promise<FerryResult> {
  const result: FerryResult = { exitCode: 0, stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      result[name] += text;
    },
  });
  const before = process.env.TMPDIR;
  process.env.TMPDIR = temporary;
  try {
    const program = await createProgram({
      folder,
      environment: {},
      user: 'tester',
      stdout: output('stdout'),
      stderr: output('stderr'),
      signal: new AbortController().signal,
      setExitCode: (code) => {
        result.exitCode = code;
      },
    });
    await program.parseAsync(['node', 'ferry', ...args]);
  } catch (error) {
    if (args.includes('--json')) output('stdout').write(formatErrorAsJson(error));
    result.exitCode = printError(error, output('stderr')) ?? exitCodeOf(error);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
  return result;
}

/** The files of the state folder, as they were last. */
const seen = new Map<string, string>();

/** Runs `ferry` in a folder with all of {@link runs}, and collects everything that it left. */
async function ferry(args: readonly string[], how: 'as a process' | 'here' = 'here') {
  const temporary = join(folder, 'tmp');
  const state = join(folder, 'state');
  await mkdir(temporary, { recursive: true });
  const config = {
    version: 1,
    sources: { postgres: sourceConfig(postgres, 'postgres'), mariadb: sourceConfig(mariadb, 'mariadb') },
    polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
    syncs: Object.fromEntries(
      runs.map(({ source, sync }, index) => [jobOf(index), { source, dataset: DATASET, ...sync }]),
    ),
  };
  const secrets = {
    postgres: { username: postgres.user, password: PASSWORD },
    mariadb: { username: mariadb.user, password: PASSWORD },
    polyteia: polyteia.personalAccessKey,
  };
  await writeFile(join(folder, 'ferry.yaml'), stringify(config));
  await writeFile(join(folder, 'secrets.json'), JSON.stringify(secrets));
  const all = [...args, '--secrets', 'secrets.json', '--state', 'state'];
  const result =
    how === 'as a process'
      ? await runFerryProcess(all, { folder, environment: { TMPDIR: temporary } })
      : await runHere(all, temporary);
  const texts: string[] = [];
  for (const entry of await readdir(state, { recursive: true, withFileTypes: true }).catch(() => [])) {
    const file = join(entry.parentPath, entry.name);
    const text = entry.isFile() ? await readFile(file, 'utf8') : '';
    // What an earlier run left was looked at then.
    if (seen.get(file) !== text) texts.push(`${entry.name}\n${text}`);
    seen.set(file, text);
  }
  expect(await readdir(temporary, { recursive: true })).toEqual([]);
  return { ...result, everything: [result.stdout, result.stderr, ...texts].join('\n') };
}

function expectNothingSecret(text: string): void {
  expectNoData(text);
  for (const secret of [
    PASSWORD,
    JSON.stringify(PASSWORD).slice(1, -1),
    encodeURIComponent(PASSWORD),
    'Kennwort',
    polyteia.personalAccessKey,
  ]) {
    expect(text).not.toContain(secret);
  }
  expect(text).not.toMatch(/(postgres|postgresql|mysql):\/\/|\bhost=|\bpassword=/i);
  expect(text).not.toMatch(/\bat .*\.ts:\d+/);
}

/** What a Parquet file holds, as text. */
async function firstRow(file: string): Promise<unknown[] | undefined> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll('SELECT COLUMNS(*)::VARCHAR FROM read_parquet($1)', [file]);
    return reader.getRowsJS()[0];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The contents of the folder that a run may not change. */
const filesBeside = async () => (await readdir(folder)).filter((name) => name !== 'state').sort();

describe('ferry run, with the most detailed log', () => {
  it.each(runs.map((run, index) => ({ ...run, index })))(
    '$source: $what',
    async ({ upload, index, apart, class: errorClass }) => {
      if (upload) polyteia.failNext({ on: 'upload', how: upload });
      const json = index % 2 === 0 ? ['--json'] : [];
      const before = await filesBeside();
      const { exitCode, stdout, stderr, everything } = await ferry(
        ['run', jobOf(index), '--log-level', logLevels[0], ...json],
        apart ? 'as a process' : 'here',
      );
      expectNothingSecret(everything);
      expect(exitCode).toBe(errorClass === undefined ? 0 : errorClass === 'ConfigError' ? 2 : 1);
      if (errorClass !== undefined) expect(stderr).toMatch(new RegExp(`^${errorClass}: `, 'm'));
      if (json.length > 0) expect(JSON.parse(stdout)).toMatchObject({ job: jobOf(index) });
      if (before.includes('ferry.yaml')) expect(await filesBeside()).toEqual(before);
      if (errorClass === undefined) {
        const file = polyteia.datasets.get(DATASET)?.content?.file ?? '';
        expect(await firstRow(file)).toEqual(expect.arrayContaining([NAME, SALARY, '1815-12-10']));
      }
      polyteia.assertNoViolations();
    },
  );

  it.each(['runs --limit 100', 'runs --json --limit 100', 'validate', 'check mariadb --json'])(
    'and afterwards ferry %s',
    async (args) => {
      expectNothingSecret((await ferry(args.split(' '))).everything);
    },
  );

  it.each(
    runs.flatMap(({ source, what, class: errorClass }, index) =>
      errorClass === 'QueryError' && /planned|a cast/.test(what) ? [{ source, what, index }] : [],
    ),
  )('and ferry preview, which has no rows to show: $source, $what', async ({ index }) => {
    const { everything, exitCode } = await ferry(['preview', jobOf(index), '--json']);
    expectNothingSecret(everything);
    expect(exitCode).toBe(1);
  });

  it('and a rehearsal, which leaves one file', async () => {
    const before = await filesBeside();
    const failing = runs.findIndex(({ what }) => what === 'a cast');
    expectNothingSecret(
      (await ferry(['run', jobOf(failing), '--dry-run', '--out', 'out.parquet'])).everything,
    );
    expect(await filesBeside()).toEqual(before);
    const { exitCode, everything } = await ferry([
      'run',
      jobOf(0),
      '--dry-run',
      '--out',
      'out.parquet',
      '--json',
    ]);
    expect(exitCode).toBe(0);
    expectNothingSecret(everything);
    expect(await filesBeside()).toEqual([...before, 'out.parquet'].sort());
    expect(await firstRow(join(folder, 'out.parquet'))).toContain(NAME);
  });
});
