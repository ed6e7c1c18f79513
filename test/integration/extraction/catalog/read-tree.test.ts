import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthError, ConfigError } from '../../../../shared/errors.ts';
import { readTree } from '../../../../shared/extraction/catalog/read-tree.ts';
import { type CatalogFilters, EVERYTHING } from '../../../../shared/source/catalog/filters.ts';
import { type PostgresServer, startPostgres } from '../../../support/servers/postgres-server.ts';
import { POSTGRES_VERSIONS } from '../../../support/servers/postgres-versions.ts';
import { queryDatabase } from '../../../support/servers/query-database.ts';
import { sessionOptions } from '../../../support/source/source-session.ts';

describe.each(POSTGRES_VERSIONS)('readTree on %s', (_title, options) => {
  let server: PostgresServer;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ferry tree ü '));
    // Anyone who comes over TCP into `walled` is sent away by pg_hba.conf, whatever the database's own privileges are.
    server = await startPostgres({ ...options, hba: ['host walled all all reject'] });
    await server.query("CREATE ROLE leser LOGIN PASSWORD 'leser'");
    for (const name of ['"Größe"', 'walled', 'revoked', 'idle'])
      await server.query(`CREATE DATABASE ${name}`);
    await server.query('REVOKE CONNECT ON DATABASE revoked FROM PUBLIC');
    await server.query('ALTER DATABASE idle ALLOW_CONNECTIONS false');
    await queryDatabase(
      server,
      'Größe',
      `CREATE SCHEMA "b c"; CREATE SCHEMA "Ämter"; CREATE SCHEMA a;
       REVOKE ALL ON SCHEMA public FROM PUBLIC;
       CREATE TABLE public.t (id int PRIMARY KEY); CREATE VIEW public.v AS SELECT 1 AS a;
       CREATE TABLE a.parted (id int) PARTITION BY LIST (id); CREATE TABLE a.tmp_part PARTITION OF a.parted DEFAULT;
       CREATE MATERIALIZED VIEW a.m AS SELECT 1 AS a; CREATE SEQUENCE a.s;
       CREATE FUNCTION a.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION a.f(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
       CREATE PROCEDURE a.p() LANGUAGE sql AS 'SELECT 1'`,
    );
  });
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const tree = (filters?: CatalogFilters, changes: Partial<PostgresServer> = {}) =>
    readTree({
      ...sessionOptions({ ...server, user: 'leser', password: 'leser', ...changes }, folder),
      ...(filters ? { filters } : {}),
    });
  const schema = (name: string, tables: number, views: number, routines: number, inScope = true) => ({
    ...{ name, tables, views, routines, inScope },
  });

  it('waits for a lock of the catalog that passes, a second at a time', async () => {
    const holder = new pg.Client(server);
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE pg_catalog.pg_namespace IN ACCESS EXCLUSIVE MODE');
    const waits: string[] = [];
    try {
      const databases = await readTree({
        ...sessionOptions({ ...server, user: 'leser', password: 'leser' }, folder),
        sleep: async () => {},
        onRetry({ error }) {
          waits.push(error.message);
          void holder.query('COMMIT');
        },
      });
      expect(databases.find(({ isDefault }) => isDefault)?.schemas.map(({ name }) => name)).toEqual([
        'public',
      ]);
    } finally {
      await holder.end();
    }
    expect(waits).toEqual([
      "A part of the source's catalog is locked, and the lock was not released in time.",
    ]);
  });

  it('shows every database with its schemas, or why it cannot be seen', async () => {
    const databases = await tree();
    expect(databases.map(({ bytes: _bytes, ...rest }) => rest)).toEqual([
      {
        name: 'Größe',
        isDefault: false,
        // The login may use none of them: the catalog shows them anyway, as an extraction does.
        schemas: [
          schema('a', 2, 1, 3),
          schema('b c', 0, 0, 0),
          schema('public', 1, 1, 0),
          schema('Ämter', 0, 0, 0),
        ],
        refusal: undefined,
      },
      { name: 'idle', isDefault: false, schemas: [], refusal: 'it takes no connections' },
      { name: 'postgres', isDefault: true, schemas: [schema('public', 0, 0, 0)], refusal: undefined },
      { name: 'revoked', isDefault: false, schemas: [], refusal: 'the login has no CONNECT privilege' },
      {
        name: 'walled',
        isDefault: false,
        schemas: [],
        refusal: `The source at 127.0.0.1:${server.port} denies user "leser" access to database "walled".`,
      },
    ]);
    const bytes = Object.fromEntries(databases.map((database) => [database.name, database.bytes]));
    expect(bytes.Größe).toBeGreaterThan(1_000_000);
    expect(bytes.revoked).toBeUndefined();
  });

  it('shows what the filters of an extraction leave', async () => {
    const databases = await tree({
      include: { '^Größe$': ['^a$', '.*mter'] },
      exclude: { '.*': ['(?i)ÄMTER|Ämter'] },
      tempTableRegex: '^tmp_',
    });
    expect(databases.flatMap(({ schemas }) => schemas)).toEqual([
      schema('a', 1, 1, 3, true),
      ...[schema('b c', 0, 0, 0, false), schema('public', 1, 1, 0, false), schema('Ämter', 0, 0, 0, false)],
      schema('public', 0, 0, 0, false),
    ]);
  });

  it('reports why the login cannot enter its own database, and a wrong pattern', async () => {
    await expect(tree(EVERYTHING, { database: 'walled' })).rejects.toThrow(AuthError);
    await expect(tree(EVERYTHING, { password: 'wrong' })).rejects.toThrow(AuthError);
    await expect(tree({ ...EVERYTHING, include: { '[': '*' } })).rejects.toThrow(ConfigError);
  });

  it('lists what can be read of a database with unreadable schema names, and says what is left out', async () => {
    const make = async (name: string, encoding: string, sql: string) => {
      await server.query(`CREATE DATABASE ${name} ENCODING '${encoding}' TEMPLATE template0 LOCALE 'C'`);
      await queryDatabase(server, name, sql);
    };
    const byte = (hex: string) => `convert_from('\\x${hex}'::bytea, 'SQL_ASCII')`;
    const schemas = (...names: string[]) =>
      `DO $$ BEGIN ${names.map((name) => `EXECUTE format('CREATE SCHEMA %I CREATE TABLE t (a int)', ${name});`).join(' ')} END $$`;
    await make('bytes', 'SQL_ASCII', schemas(`'z' || ${byte('e4')}`, `'köln'`, `${byte('ff')} || ' b'`));
    await make('nothing_else', 'SQL_ASCII', `${schemas(byte('fc'))}; DROP SCHEMA public`);
    // The encoding has a letter that Unicode has none for.
    await make('windows', 'WIN1252', schemas(`'x' || chr(129)`, `'Straße'`));
    const reason =
      'because it contains bytes that are not valid text in the encoding of the database, or that have no equivalent in UTF-8.';
    const read = await tree({ include: {}, exclude: { '.*': ['^public$'] }, tempTableRegex: '^ü' });
    const found = read.filter(({ name }) => ['bytes', 'nothing_else', 'windows'].includes(name));
    expect(found.map(({ bytes: _bytes, ...rest }) => rest)).toEqual([
      {
        name: 'bytes',
        isDefault: false,
        schemas: [schema('köln', 1, 0, 0), schema('public', 0, 0, 0, false)],
        refusal: undefined,
        leftOut: [`Left out: the schema z\\344, ${reason}`, `Left out: the schema \\377 b, ${reason}`],
      },
      {
        name: 'nothing_else',
        isDefault: false,
        schemas: [],
        refusal: undefined,
        leftOut: [`Left out: the schema \\374, ${reason}`],
      },
      {
        name: 'windows',
        isDefault: false,
        schemas: [schema('Straße', 1, 0, 0), schema('public', 0, 0, 0, false)],
        refusal: undefined,
        leftOut: [expect.stringMatching(/^Left out: the schema x\\201, because it contains bytes/)],
      },
    ]);
    // As the database that is connected to first, too.
    const [own] = (await tree(EVERYTHING, { database: 'bytes' })).filter(({ isDefault }) => isDefault);
    expect(own).toMatchObject({ name: 'bytes', leftOut: { length: 2 }, refusal: undefined });
    for (const name of ['bytes', 'nothing_else', 'windows']) await server.query(`DROP DATABASE ${name}`);
  });

  it('ends when it is stopped', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    const options = sessionOptions({ ...server }, folder);
    await expect(readTree({ ...options, signal: stop.signal })).rejects.toThrow('stopped');
  });
});
