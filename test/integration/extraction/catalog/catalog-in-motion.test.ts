import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExtractDatabaseOptions } from '../../../../shared/extraction/extract-options.ts';
import type { AtlanEntity } from '../../../support/extraction/atlan-contract.ts';
import { type PostgresServer, startPostgres } from '../../../support/servers/postgres-server.ts';
import { POSTGRES_VERSIONS } from '../../../support/servers/postgres-versions.ts';
import { extractTorture } from '../../../support/torture-catalog/extract.ts';

/** Locks on what users have made, of the session that reads, and when its statement began. */
const LOCKS = `SELECT l.relation::regclass::text AS relation, a.query_start::text AS asked FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
  WHERE a.application_name = 'ferry' AND l.relation >= 16384`;
const NO_TEXT =
  'it contains bytes that are not valid text in the encoding of the database, or that have no equivalent in UTF-8';
const LOCKED = 'another session holds a lock on it, or on something that it reads';

/** Those that outlast their statement. Reading goes on meanwhile, so that a look may find what a statement has at that moment. */
async function findKeptLocks(client: pg.Client): Promise<string[]> {
  const look = async () => (await client.query<{ relation: string; asked: string }>(LOCKS)).rows;
  const first = await look();
  if (first.length === 0) return [];
  await sleep(10);
  const second = await look();
  await sleep(10);
  const third = await look();
  const relations = [first, second, third].map((rows) => new Set(rows.map(({ relation }) => relation)));
  const moments = new Set([...first, ...second, ...third].map(({ asked }) => asked));
  const kept = third.map(({ relation }) => relation);
  return moments.size === 1 ? [] : kept.filter((relation) => relations.every((seen) => seen.has(relation)));
}

describe.each(POSTGRES_VERSIONS)('a catalog that changes or is damaged, %s', (_title, version) => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ ...version, settings: { log_lock_waits: 'on' } });
    await server.query(
      "CREATE ROLE stranger LOGIN PASSWORD 'stranger'; ALTER ROLE stranger SET search_path = public, pg_catalog",
    );
  });
  afterAll(() => server?.stop());

  async function connect(database: string): Promise<pg.Client> {
    const { host, port, user, password } = server;
    const client = new pg.Client({ host, port, user, password, database });
    await client.connect();
    return client;
  }

  /** Makes a database, and gives a connection to it. */
  async function create(database: string, sql: string, encoding = 'UTF8') {
    await server.query(`CREATE DATABASE ${database} ENCODING '${encoding}' TEMPLATE template0 LOCALE 'C'`);
    const client = await connect(database);
    await client.query(sql);
    return { client, [Symbol.asyncDispose]: () => client.end() };
  }

  const extract = (database: string, options: Partial<Omit<ExtractDatabaseOptions, 'session'>> = {}) =>
    extractTorture(server, database, { username: 'stranger', password: 'stranger' }, options);

  const definitionsIn = (entities: readonly AtlanEntity[]) =>
    Object.fromEntries(
      entities.flatMap(({ typeName, attributes }) =>
        typeName === 'View' || typeName === 'MaterialisedView'
          ? [
              [
                attributes.name,
                (attributes as { definition?: string }).definition?.replace(/^.* AS {2}/s, ''),
              ],
            ]
          : [],
      ),
    );
  const namesOf = (entities: readonly AtlanEntity[], type: string) =>
    entities.filter(({ typeName }) => typeName === type).map(({ attributes }) => attributes.name);

  it('is read in its final state when a view disappears while its definition is read', async () => {
    await using made = await create(
      'going',
      'CREATE SCHEMA staging; CREATE VIEW staging.fleeting AS SELECT 1 AS a',
    );
    // The view is still there for everybody else, and anyone who opens it waits.
    await made.client.query('BEGIN; DROP VIEW staging.fleeting');
    const told: string[] = [];
    await using extraction = await extract('going', {
      tell(fact) {
        told.push(fact);
        void made.client.query('COMMIT');
      },
    });
    expect(told).toEqual(['Another session holds a lock that blocks staging.fleeting: trying again …']);
    expect(extraction.entities.map(({ attributes }) => attributes.name)).toEqual([
      'going',
      'public',
      'staging',
    ]);
    expect(extraction.result.warnings).toEqual([]);
  });

  it('holds no lock, so that a migration can continue meanwhile', async () => {
    await using made = await create(
      'migrated',
      `CREATE TABLE aaa (a int); CREATE VIEW z_view AS SELECT a FROM aaa; CREATE MATERIALIZED VIEW m AS SELECT a FROM z_view`,
    );
    await made.client.query("SET lock_timeout = '100ms'");
    let migrations = 0;
    const migrate = async () => {
      const locks = await findKeptLocks(made.client);
      await made.client.query(`BEGIN; CREATE OR REPLACE VIEW z_view AS SELECT a, ${migrations} AS n${migrations} FROM aaa;
        ALTER TABLE aaa ADD COLUMN b int; ROLLBACK`);
      migrations += 1;
      return locks;
    };
    const looks: Promise<string[]>[] = [];
    await using extraction = await extract('migrated', { onProgress: () => void looks.push(migrate()) });
    const locks = (await Promise.all(looks)).flat();
    expect(migrations).toBeGreaterThan(2);
    expect(locks).toEqual([]);
    expect(Object.keys(definitionsIn(extraction.entities))).toEqual(['m', 'z_view']);
  });

  it('is read without what is locked for long, with a warning', async () => {
    await using made = await create(
      'locked',
      `CREATE TABLE a (x int, y int GENERATED ALWAYS AS (x + 1) STORED, z int DEFAULT 3); INSERT INTO a SELECT generate_series(1, 500); ANALYZE a;
       CREATE TABLE b (x int); CREATE VIEW over_a AS SELECT x FROM a; CREATE VIEW over_b AS SELECT x FROM b;
       CREATE MATERIALIZED VIEW m AS SELECT 1 AS one; CREATE TABLE p (k int) PARTITION BY LIST (k);
       CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)`,
    );
    await made.client.query('BEGIN; LOCK TABLE a, p1; REFRESH MATERIALIZED VIEW m');
    const before = (await readFile(server.logFile, 'utf8')).length;
    const told: string[] = [];
    await using extraction = await extract('locked', {
      tell: (fact) => told.push(fact),
      lockPatienceMs: 300,
    });
    await made.client.query('ROLLBACK');
    expect(definitionsIn(extraction.entities)).toEqual({
      m: undefined,
      over_a: undefined,
      over_b: expect.stringContaining('FROM b'),
    });
    expect(extraction.result.warnings).toEqual([
      `Left out: the definition of public.over_a, because ${LOCKED}.`,
      `Left out: the definition of public.m, because ${LOCKED}.`,
      `Left out: the default of public.a.y, because ${LOCKED}.`,
    ]);
    expect(told[0]).toBe('Another session holds a lock that blocks public.over_a, public.m: trying again …');
    expect(extraction.result.entities).toMatchObject({
      Table: 3,
      TablePartition: 1,
      View: 2,
      MaterialisedView: 1,
    });
    const [partition] = extraction.entities.filter(({ typeName }) => typeName === 'TablePartition');
    expect(partition?.attributes).toMatchObject({ constraint: 'FOR VALUES IN (1)' });
    // The server notes each wait of a second (deadlock_timeout).
    expect((await readFile(server.logFile, 'utf8')).slice(before)).not.toMatch(
      /still waiting|deadlock detected/,
    );
  });

  it('is complete when the lock is released', async () => {
    await using made = await create(
      'released',
      `CREATE TABLE a (x int); CREATE VIEW v AS SELECT x FROM a; CREATE MATERIALIZED VIEW m AS SELECT 1 AS one`,
    );
    await made.client.query('BEGIN; LOCK TABLE a; REFRESH MATERIALIZED VIEW m');
    await using extraction = await extract('released', {
      tell: () => void sleep(300).then(() => made.client.query('COMMIT')),
    });
    expect(definitionsIn(extraction.entities)).toEqual({
      m: 'SELECT 1 AS one;',
      v: expect.stringContaining('FROM a;'),
    });
    expect(extraction.result.warnings).toEqual([]);
  });

  it('is complete even if its views are rebuilt all the time', async () => {
    const views = Array.from({ length: 60 }, (_, n) => `v${n}`);
    await using made = await create(
      'rebuilt',
      // Types that this login's search_path has before the server's.
      `CREATE DOMAIN text AS int; CREATE DOMAIN oid AS int; CREATE TABLE t (a int); ${views.map((view) => `CREATE VIEW ${view} AS SELECT a FROM t;`).join('')}`,
    );
    let rebuilt = 0;
    let done = false;
    // As dbt does it: another view takes over the name.
    const rebuild = async () => {
      for (; !done; rebuilt += 1) {
        const view = views[rebuilt % 5];
        await made.client.query(`BEGIN; CREATE VIEW new AS SELECT a, ${rebuilt} AS n FROM t; ALTER VIEW ${view} RENAME TO old;
          ALTER VIEW new RENAME TO ${view}; DROP VIEW old; COMMIT`);
        await sleep(50);
      }
    };
    const rebuilding = rebuild();
    for (let run = 0; run < 3; run += 1) {
      await using extraction = await extract('rebuilt');
      const definitions = definitionsIn(extraction.entities);
      expect(Object.keys(definitions).sort()).toEqual([...views].sort());
      expect(Object.values(definitions)).not.toContain(undefined);
      expect(extraction.result.warnings).toEqual([]);
    }
    done = true;
    await rebuilding;
    expect(rebuilt).toBeGreaterThan(3);
  });

  it('loses only what is damaged, and names it', async () => {
    await using made = await create(
      'damaged',
      `CREATE EXTENSION cube; CREATE TYPE mood AS ENUM ('well');
       CREATE FUNCTION gone(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
       CREATE TABLE t (a int DEFAULT gone(1), c cube DEFAULT '(1,2)', d int DEFAULT 4, m mood);
       CREATE VIEW broken AS SELECT gone(a) AS x FROM t; CREATE VIEW no_library AS SELECT '(1,2)'::cube AS c;
       CREATE VIEW over_broken AS SELECT x FROM broken; CREATE VIEW sound AS SELECT c FROM t;
       CREATE TABLE last (a int)`,
    );
    await made.client.query(`DELETE FROM pg_proc WHERE proname = 'gone'; DELETE FROM pg_type WHERE typname = 'mood';
      UPDATE pg_proc SET probin = '/no/such' WHERE probin = '$libdir/cube'`);
    await using extraction = await extract('damaged');
    const { entities, result } = extraction;
    expect(definitionsIn(entities)).toEqual({
      broken: undefined,
      no_library: undefined,
      over_broken: expect.stringContaining('FROM broken'),
      sound: expect.stringContaining('FROM t'),
    });
    expect(namesOf(entities, 'Table')).toEqual(['last', 't']);
    expect(namesOf(entities, 'Column')).toEqual(['x', 'a', 'c', 'x', 'c', 'a', 'c', 'd', 'm']);
    const file = 'could not access file "/no/such": No such file or directory';
    expect(result.warnings).toEqual([
      expect.stringMatching(
        /^Left out: the definition of public\.broken, because the server fails to return it \(cache lookup failed for function \d+\)\.$/,
      ),
      `Left out: the definition of public.no_library, because the server fails to return it (${file}).`,
      expect.stringContaining(
        'Left out: the default of public.t.a, because the server fails to return it (cache lookup',
      ),
      `Left out: the default of public.t.c, because the server fails to return it (${file}).`,
    ]);
    // A fault is looked for in no lock of a user's.
    expect((await made.client.query(LOCKS)).rows).toEqual([]);
  });

  it('names what belongs to no schema, and reads the rest', async () => {
    await using made = await create(
      'orphans',
      `CREATE SCHEMA gone; CREATE TABLE gone.lost (a int); CREATE TABLE gone."größe" (a int); CREATE VIEW gone.seen AS SELECT 1 AS a;
       CREATE FUNCTION gone.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE kept (a int)`,
    );
    const { rows } = await made.client.query<{ oid: number }>(
      `DELETE FROM pg_namespace WHERE nspname = 'gone' RETURNING 'gone."größe"'::regclass::oid::int AS oid`,
    );
    await using extraction = await extract('orphans');
    expect(namesOf(extraction.entities, 'Table')).toEqual(['kept']);
    expect(extraction.result.warnings).toEqual([
      `Left out, because the catalog has no row of their schema: relation lost, relation with OID ${rows[0]?.oid}, relation seen and 1 more. The catalog is damaged: restore the database, or drop them.`,
    ]);
  });

  it('is read without a text that is invalid in its encoding, or is not Unicode', async () => {
    const byte = (hex: string) => `convert_from('\\x${hex}'::bytea, 'SQL_ASCII')`;
    await using _bytes = await create(
      'bytes',
      `CREATE SCHEMA s; CREATE TABLE s.t (a int, b int); CREATE VIEW s.v AS SELECT 1 AS a; COMMENT ON VIEW s.v IS 'grüß';
       DO $$ DECLARE x text := ${byte('e4')}; BEGIN
         EXECUTE format('COMMENT ON TABLE s.t IS %L', x); EXECUTE format('COMMENT ON COLUMN s.t.a IS %L', x);
         EXECUTE format('CREATE SCHEMA %I CREATE TABLE inside (a int)', 'z' || x); EXECUTE format('CREATE TABLE s.%I (a int, b int)', 'a' || x);
         EXECUTE format('CREATE TABLE s.parent%s (k text) PARTITION BY LIST (k)', x);
         EXECUTE format('CREATE TABLE s.child PARTITION OF s.parent%s FOR VALUES IN (%L)', x, x);
         EXECUTE format('CREATE TYPE s.mood%s AS ENUM (%L)', x, x); EXECUTE format('CREATE TABLE s.u (good int, bad%s int, m s.mood%s)', x, x);
         EXECUTE format('CREATE TABLE s.w (d text DEFAULT %L CONSTRAINT c%s CHECK (d <> %L))', x, x, x);
         EXECUTE format('CREATE VIEW s.said AS SELECT %L::text AS a', x); EXECUTE format('CREATE FUNCTION s.f() RETURNS text LANGUAGE sql AS %L', 'SELECT ''' || x || '''');
         EXECUTE format('CREATE FUNCTION s.g%s() RETURNS int LANGUAGE sql AS ''SELECT 1''', x);
         EXECUTE format('CREATE FUNCTION s.h(s.mood%s) RETURNS int LANGUAGE sql AS ''SELECT 1''', x);
       END $$`,
      'SQL_ASCII',
    );
    await using extraction = await extract('bytes');
    const { entities, result } = extraction;
    expect(result.warnings.map((warning) => warning.replace(`, because ${NO_TEXT}.`, '')).sort()).toEqual(
      [
        'the schema z\\344',
        's.a\\344 and its columns',
        's.parent\\344 and its columns',
        'the column s.u.bad\\344',
        'the comment of s.t',
        'the comment of s.t.a',
        'the default of s.w.d',
        'the definition of s.f',
        'the definition of s.said',
        'the name of the parent of s.child',
        'the name of the type of s.u.m',
        'the names of the argument types of s.h',
        'the names of the constraints of s.w.d',
        'the partition constraint of s.child',
        'the routine s.g\\344',
      ]
        .map((what) => `Left out: ${what}`)
        .sort(),
    );
    expect(namesOf(entities, 'Schema')).toEqual(['public', 's']);
    expect(namesOf(entities, 'Table')).toEqual(['t', 'u', 'w']);
    expect(namesOf(entities, 'Column')).toEqual(['k', 'a', 'a', 'b', 'good', 'm', 'a', 'd']);
    expect(namesOf(entities, 'Procedure')).toEqual(['f', 'h']);
    const [view] = entities.filter(({ attributes }) => attributes.name === 'v');
    expect(view?.attributes).toMatchObject({ description: 'grüß', definition: expect.anything() });

    await using _windows = await create(
      'windows',
      `CREATE TABLE t (a int); CREATE TABLE u (a int); COMMENT ON TABLE u IS 'Straße';
       DO $$ BEGIN EXECUTE format('COMMENT ON TABLE t IS %L', chr(129)); END $$`,
      'WIN1252',
    );
    await using other = await extract('windows');
    expect(other.result.warnings).toEqual([`Left out: the comment of public.t, because ${NO_TEXT}.`]);
    const [table] = other.entities.filter(({ attributes }) => attributes.name === 'u');
    expect(table?.attributes).toMatchObject({ description: 'Straße' });
  });

  it('with a view without its rule does not crash the server, and reports what fails', async () => {
    await using made = await create(
      'ruleless',
      `CREATE TABLE base (a int); CREATE VIEW v_base AS SELECT a FROM base; CREATE VIEW sound AS SELECT 1 AS one;
       CREATE VIEW no_rule AS SELECT 1 AS y; CREATE VIEW above AS SELECT y FROM no_rule`,
    );
    await made.client.query(
      `DELETE FROM pg_rewrite WHERE ev_class = 'no_rule'::regclass; DELETE FROM pg_class WHERE oid = 'base'::regclass`,
    );
    await using extraction = await extract('ruleless');
    expect(definitionsIn(extraction.entities)).toMatchObject({
      above: expect.stringContaining('FROM no_rule'),
      no_rule: undefined,
      sound: expect.stringContaining('SELECT 1'),
      v_base: undefined,
    });
    expect(extraction.result.warnings.filter((warning) => warning.includes('dropped'))).toEqual([]);
    expect((await readFile(server.logFile, 'utf8')).slice(-20_000)).not.toMatch(/terminated by signal/);
  });

  it('is read when the login may not run PL/pgSQL, without keeping locks', async () => {
    await using made = await create(
      'bare',
      'DROP EXTENSION plpgsql; CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT a FROM t',
    );
    const looks: Promise<string[]>[] = [];
    await using extraction = await extract('bare', {
      onProgress: () => void looks.push(findKeptLocks(made.client)),
    });
    const locks = (await Promise.all(looks)).flat();
    expect(definitionsIn(extraction.entities)).toEqual({ v: expect.stringContaining('FROM t;') });
    const [table] = extraction.entities.filter(({ typeName }) => typeName === 'Table');
    expect(table?.attributes).toMatchObject({ sizeBytes: 8192 });
    expect(locks).toEqual([]);
  });

  it('is read in any encoding', async () => {
    await using _made = await create(
      'latin',
      `CREATE SCHEMA "Größe"; CREATE TABLE "Größe"."Maß" ("ü" integer); COMMENT ON TABLE "Größe"."Maß" IS 'Straße'`,
      'LATIN1',
    );
    await using extraction = await extract('latin');
    const [table] = extraction.entities.filter(({ typeName }) => typeName === 'Table');
    expect(table?.attributes).toMatchObject({ name: 'Maß', schemaName: 'Größe', description: 'Straße' });
    expect(extraction.entities.map(({ attributes }) => attributes.name)).toContain('ü');
  });
});
