import { readFile } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkExtraction } from '../../../../shared/checks/check-extraction.ts';
import { readTree } from '../../../../shared/extraction/catalog/read-tree.ts';
import { runExtraction } from '../../../../shared/extraction/run-extraction.ts';
import type { ProgressEvent } from '../../../../shared/runs/job.ts';
import { EVERYTHING } from '../../../../shared/source/catalog/filters.ts';
import { type ExtractionSetup, setUpExtraction } from '../../../support/extraction/extraction-setup.ts';
import { readOutput } from '../../../support/extraction/read-output.ts';
import { startRecordingProxy } from '../../../support/network/recording-proxy.ts';
import { type PostgresServer, startPostgres } from '../../../support/servers/postgres-server.ts';
import { POSTGRES_VERSIONS } from '../../../support/servers/postgres-versions.ts';
import { queryDatabase } from '../../../support/servers/query-database.ts';
import { sessionOptions } from '../../../support/source/source-session.ts';

// What the databases of one server share: names of databases and roles in whatever letters, and what it takes to go through many of them.

const ROLES = ['röle', 'ütf', 'back\\slash'];
/** Made where, in which encoding, called what. The server keeps a name in the letters of the database in which it was made. */
const DATABASES = [
  ['postgres', 'LATIN1', 'latin'],
  ['latin', 'UTF8', 'köln'],
  ['latin', 'LATIN1', 'münchen'],
  ['postgres', 'UTF8', 'münchen'],
  ['postgres', 'LATIN1', 'größe'],
  ['postgres', 'SQL_ASCII', 'ascii é'],
  ['postgres', 'EUC_JP', 'kanji ü'],
] as const;
/** In the order of their bytes. The one of two of the same name that is not in UTF-8 has its bytes instead of letters. */
const NAMES = ['ascii é', 'größe', 'kanji ü', 'köln', 'latin', 'münchen', 'm%FCnchen', 'postgres'];

const CATALOG = `
  CREATE TYPE public.mood AS ENUM ('a'); CREATE SCHEMA app;
  CREATE DOMAIN app.money2 AS numeric(12,2); CREATE TYPE public.text AS (x int); CREATE TYPE app."Odd ""name" AS (x int);
  CREATE FUNCTION app.f(public.mood, app.money2[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION app.f(public.mood[], app.money2) RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION app.f(public.text, pg_catalog.text, "char") RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION app.f(app."Odd ""name"[], timestamptz) RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE SEQUENCE app.numbers;
  CREATE TABLE app.facts (
    id bigint DEFAULT nextval('app.numbers'), feeling public.mood DEFAULT 'a', cost app.money2, price money DEFAULT 1234.5::money,
    at timestamptz DEFAULT '2024-01-31 12:00+00', day date DEFAULT '2024-01-31', span interval DEFAULT '1 day -2 hours',
    raw bytea DEFAULT '\\xff', ratio float8 DEFAULT 0.1, name name DEFAULT 'user', place regclass DEFAULT 'app.numbers'::regclass);
  CREATE TABLE app.log (at timestamptz) PARTITION BY RANGE (at);
  CREATE TABLE app.log_2024 PARTITION OF app.log FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00');
  CREATE TABLE app."user" (id int);
  CREATE VIEW app.mixed AS SELECT f.id, u.id AS "order", timestamptz '2024-06-01 12:00+00' AS at, interval '1 day -2 hours' AS span, 7::money AS m,
    'a'::public.mood AS feeling FROM app.facts f, app."user" u;
  CREATE TABLE public.open (id int); CREATE VIEW public.over_open AS SELECT id FROM open;`;

/** Logins that have little in common. */
const SETTINGS: Record<string, readonly string[]> = {
  usual: [],
  pathless: ["search_path = ''", "TimeZone = 'Asia/Tokyo'", "DateStyle = 'German, DMY'"],
  app: ['search_path = app, public', 'IntervalStyle = sql_standard', 'quote_all_identifiers = on'],
  late: [
    'search_path = app, public, pg_catalog',
    "lc_monetary = 'C.utf8'",
    'extra_float_digits = -15',
    "bytea_output = 'escape'",
  ],
};

describe.each(POSTGRES_VERSIONS)('a whole server of %s', (_title, options) => {
  let server: PostgresServer;
  let setup: ExtractionSetup;
  beforeAll(async () => {
    server = await startPostgres({ ...options, settings: { fsync: 'off', log_connections: 'on' } });
    for (const [home, encoding, name] of DATABASES) {
      const made = `CREATE DATABASE "${name}" ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`;
      await queryDatabase(server, home, made);
      if (name === 'latin')
        await queryDatabase(server, name, 'CREATE ROLE "röle"; CREATE ROLE "back\\slash"');
      if (home === 'latin')
        await queryDatabase(server, home, `GRANT CONNECT ON DATABASE "${name}" TO "röle"`);
    }
    await server.query(`CREATE ROLE "ütf"; GRANT CREATE ON DATABASE latin TO "ütf"; ${CATALOG}`);
    // By their numbers, as their names cannot be written in every encoding.
    const owned = `DO $$ DECLARE r record; BEGIN
      FOR r IN SELECT oid, row_number() OVER (ORDER BY oid) AS n FROM pg_roles WHERE oid >= 16384 AND NOT rolcanlogin LOOP
        EXECUTE 'CREATE SCHEMA s' || r.n;
        UPDATE pg_namespace SET nspowner = r.oid WHERE nspname = 's' || r.n;
      END LOOP; END $$; CREATE FUNCTION s1.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
      UPDATE pg_proc SET proowner = (SELECT nspowner FROM pg_namespace WHERE nspname = 's1') WHERE proname = 'f' AND pronamespace = 's1'::regnamespace`;
    for (const name of ['latin', 'postgres', 'größe']) await queryDatabase(server, name, owned);
    for (const [name, settings] of Object.entries(SETTINGS)) {
      const all = settings.map((setting) => `ALTER ROLE ${name} SET ${setting};`);
      await server.query(`CREATE ROLE ${name} LOGIN PASSWORD 'x'; ${all.join(' ')}`);
    }
  }, 600_000);
  beforeEach(async () => {
    setup = await setUpExtraction(server);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await setup[Symbol.asyncDispose]();
  });
  afterAll(() => server?.stop());

  const outputOf = async (extraction: Record<string, unknown>) => {
    const record = await runExtraction(setup.options(extraction));
    expect(record.databases?.filter(({ state }) => state !== 'extracted')).toEqual([]);
    const { manifest, entities } = await readOutput(setup.outputFolder, 'catalogs');
    return { record, manifest, entities: [...entities.values()].flat() };
  };

  it('is read whatever the encodings of its names', async () => {
    const { record, manifest, entities } = await outputOf({ databases: 'all' });
    expect(record.state).toBe('succeeded');
    expect(record.databases?.map(({ database }) => database)).toEqual(NAMES);
    const names = entities.flatMap(({ typeName, attributes }) =>
      typeName === 'Database' ? [attributes.name] : [],
    );
    expect(names).toEqual(NAMES);
    for (const { attributes } of entities) {
      if ('databaseName' in attributes) expect(NAMES).toContain(attributes.databaseName);
      expect(attributes.qualifiedName).not.toContain('\ufffd');
    }
    const owners = entities.flatMap(({ attributes }) =>
      'sourceCreatedBy' in attributes && attributes.sourceCreatedBy !== 'postgres'
        ? [[attributes.databaseName, attributes.sourceCreatedBy]]
        : [],
    );
    expect(owners).toEqual(['größe', 'latin', 'postgres'].map((name) => [name, 'röle']));

    // The raw rows have the same names.
    const keysOf = (type: string) =>
      manifest.files.filter((file) => file.form === 'raw' && file.type === type).map(({ key }) => key);
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const rowsOf = async (type: string, columns: string) => {
      const files = keysOf(type).map((key) => `'${setup.outputFolder}/${key}'`);
      const reader = await connection.runAndReadAll(`SELECT ${columns} FROM read_parquet([${files}])`);
      return reader.getRowsJS();
    };
    const schemas = await rowsOf('schema', 'catalog_name, schema_owner');
    for (const database of ['latin', 'postgres', 'größe'])
      for (const role of ROLES) expect(schemas).toContainEqual([database, role]);
    const databases = await rowsOf('database', 'datname, database_name, datacl');
    expect(databases.map(([name]) => name)).toEqual(
      NAMES.map((name) => (name === 'm%FCnchen' ? 'münchen' : name)),
    );
    expect(databases.map(([, name]) => name)).toEqual(NAMES);
    const privileges = new Map(databases.map(([, name, list]) => [name, String(list)]));
    expect(privileges.get('köln')).toContain('röle');
    expect(privileges.get('latin')).toContain('ütf');
    connection.closeSync();
    instance.closeSync();
  });

  it('is filtered, checked and shown with those names', async () => {
    const include = { '^k.ln$': '*', '^größe$': ['^public$', '^s1$'], 'm%FCnchen': '*' };
    const { record } = await outputOf({
      databases: 'all',
      include,
      exclude: { '^m.*': ['名|x'], '^名$': '*' },
    });
    expect(record.databases?.map(({ database }) => database)).toEqual(['größe', 'köln', 'm%FCnchen']);
    const checks = await checkExtraction({
      ...setup.options({ databases: 'all', include, exclude: { '^m.*': ['名|x'], '^名$': '*' } }),
      signal: AbortSignal.timeout(60_000),
    });
    expect(checks.filter(({ status }) => status !== 'ok')).toEqual([]);

    const seen: string[] = [];
    let listed: readonly string[] = [];
    const tree = await readTree({
      ...sessionOptions(server, setup.folder),
      filters: { ...EVERYTHING, include: { größe: ['public'] } },
      onList: (names) => {
        listed = names;
      },
      onDatabase: ({ name }) => seen.push(name),
    });
    expect(listed).toEqual(NAMES);
    expect(seen).toEqual(NAMES);
    expect(tree.filter(({ refusal }) => refusal !== undefined)).toEqual([]);
    expect(
      tree.flatMap(({ name, schemas }) => schemas.filter(({ inScope }) => inScope).map(() => name)),
    ).toEqual(['größe']);
  });

  it('has the same texts for every login', async () => {
    const texts = new Map<string, unknown>();
    for (const login of Object.keys(SETTINGS)) {
      await using own = await setUpExtraction({ ...server, user: login, password: 'x' });
      const record = await runExtraction(own.options());
      expect(record.error).toBeUndefined();
      const { entities } = await readOutput(own.outputFolder, 'catalogs');
      texts.set(
        login,
        [...entities.values()].flat().map(({ typeName, attributes, customAttributes }) => {
          const { lastSyncRun: _run, lastSyncRunAt: _at, ...rest } = attributes;
          return { typeName, rest, customAttributes };
        }),
      );
    }
    const usual = texts.get('usual');
    for (const [login, text] of texts) expect(text, login).toEqual(usual);
    const all = JSON.stringify(usual);
    for (const signature of [
      'f()',
      'f(public.mood, app.money2[])',
      'f(public.mood[], app.money2)',
      'f(public.text, text, "char")',
      'f(app."Odd ""name"[], timestamp with time zone)',
    ])
      expect(all).toContain(JSON.stringify(`/app/_procedures_/${signature}`).slice(1, -1));
    // As the server has it for a login with the default search_path, which is what the original shows.
    expect(all).toContain('FROM open;');
  });

  it('is read with one DuckDB, and at most two connections', async () => {
    const signIn = 'application_name\0ferry\0';
    await using proxy = await startRecordingProxy(server, { counted: signIn });
    await using own = await setUpExtraction({ ...server, host: proxy.host, port: proxy.port });
    const create = vi.spyOn(DuckDBInstance, 'create');
    const steps: string[] = [];
    const record = await runExtraction({
      ...own.options({ databases: 'all' }),
      onProgress: (event: ProgressEvent) => {
        if (event.type === 'phase-started' && event.step) steps.push(event.step);
      },
    });
    expect(record.state).toBe('succeeded');
    // One reads the source, and one writes the raw files.
    expect(create).toHaveBeenCalledTimes(2);
    expect(proxy.connections.filter((sent) => sent.includes(signIn)).length).toBeGreaterThan(NAMES.length);
    expect(proxy.mostAtOnce).toBeLessThanOrEqual(2);
    expect(steps).toEqual(NAMES.map((_, index) => `${index + 1} of ${NAMES.length}`));
  });

  it('is read with a login that may have only one connection', async () => {
    await server.query("CREATE ROLE lone LOGIN PASSWORD 'x' CONNECTION LIMIT 1");
    await using own = await setUpExtraction({ ...server, user: 'lone', password: 'x' });
    const record = await runExtraction(own.options({ databases: 'all' }));
    expect(record.databases?.map(({ state }) => state)).toEqual(NAMES.map(() => 'extracted'));
    const log = await readFile(server.logFile, 'utf8');
    expect(log).toContain('too many connections for role "lone"');
  });
});
