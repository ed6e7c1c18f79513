import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Entity, entitySchema } from '../../../shared/extraction/entities/entity-schemas.ts';
import { type ExtractedDatabase, extractDatabase } from '../../../shared/extraction/extract-database.ts';
import type { ExtractDatabaseOptions, ExtractedFile } from '../../../shared/extraction/extract-options.ts';
import { type EntityFolder, entityFolders } from '../../../shared/source/catalog/entity-folders.ts';
import { readRawFiles } from '../../support/extraction/raw-files.ts';
import { pythonEnvironment } from '../../support/processes/python.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { POSTGRES_VERSIONS } from '../../support/servers/postgres-versions.ts';
import { openSession, type TestSession } from '../../support/source/source-session.ts';

const CONNECTION = { qualifiedName: 'tenant/postgres/1745501106', name: 'shop' };

const CATALOG = `
  CREATE SCHEMA shop;
  CREATE TABLE shop.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(80) NOT NULL, balance numeric(12,2) DEFAULT 0,
    gone text, net numeric GENERATED ALWAYS AS (balance / 1.19) STORED);
  ALTER TABLE shop.customers DROP COLUMN gone;
  CREATE TABLE shop.orders (
    id serial PRIMARY KEY, customer bigint UNIQUE REFERENCES shop.customers, day date CHECK (day > '2000-01-01'));
  COMMENT ON COLUMN shop.orders.customer IS E'Who\\n<b>pays</b>';
  CREATE VIEW shop.totals AS SELECT customer, 'it''s \\ here' AS note FROM shop.orders;
  CREATE FUNCTION shop.total(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION shop.total(text) RETURNS integer LANGUAGE sql AS 'SELECT 1';
  CREATE ROLE stranger LOGIN PASSWORD 'stranger';
  CREATE SCHEMA trap;
  CREATE FUNCTION trap.pg_get_viewdef(oid) RETURNS text LANGUAGE sql AS $$ SELECT 'trapped' $$;
  CREATE FUNCTION trap.format_type(oid, integer) RETURNS text LANGUAGE sql AS $$ SELECT 'trapped' $$;
  ALTER ROLE stranger SET standard_conforming_strings = off;
  ALTER ROLE stranger SET search_path = trap, pg_catalog, public;
  ALTER ROLE stranger SET DateStyle = 'German';`;

interface Extraction extends AsyncDisposable {
  result: ExtractedDatabase;
  entities: Entity[];
}

const linesOf = async ({ path }: ExtractedFile) => {
  const text = await readFile(path, 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text.slice(0, -1).split('\n');
};

async function extract(
  login: Parameters<typeof openSession>[0],
  options: Partial<ExtractDatabaseOptions> = {},
  prepare: (session: TestSession) => void = () => {},
): Promise<Extraction> {
  const opened = await openSession(login);
  const dispose = () => opened[Symbol.asyncDispose]();
  try {
    prepare(opened);
    const result = await extractDatabase({
      session: opened.session,
      connection: CONNECTION,
      tenantId: 'tenant',
      workflowId: 'catalogs',
      runId: 'run-1',
      filters: { include: {}, exclude: {}, tempTableRegex: '' },
      rowsPerFile: { raw: 100_000, transformed: 100_000 },
      ...options,
    });
    const lines: string[] = [];
    for (const file of result.files.filter(({ form }) => form === 'transformed'))
      lines.push(...(await linesOf(file)));
    return {
      result,
      entities: lines.map((line) => entitySchema.parse(JSON.parse(line))),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

const named = (entities: readonly Entity[], qualifiedName: string) =>
  entities.find(
    ({ attributes }) => attributes.qualifiedName === `${CONNECTION.qualifiedName}/postgres/${qualifiedName}`,
  );

describe.each(POSTGRES_VERSIONS)('the catalog of %s', (_version, options) => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ ...options, settings: { log_statement: 'all' } });
    await server.query(CATALOG);
    // Made on first use, which takes longer than a test may.
    await pythonEnvironment();
  });
  afterAll(() => server.stop());

  it('becomes entities, in the order of their names', async () => {
    await using extraction = await extract(server);
    const { result, entities } = extraction;
    expect(result).toMatchObject({
      database: 'postgres',
      entities: { Database: 1, Schema: 3, Table: 2, View: 1, Column: 9, Procedure: 4 },
      warnings: [],
    });
    expect(result.serverVersion).toContain(server.version);
    const prefix = `${CONNECTION.qualifiedName}/postgres`;
    const names = entities.map(({ attributes }) => attributes.qualifiedName.slice(prefix.length));
    expect(names).toEqual([
      '',
      '/public',
      '/shop',
      '/trap',
      '/shop/customers',
      '/shop/orders',
      '/shop/totals',
      ...['id', 'name', 'balance', 'net'].map((name) => `/shop/customers/${name}`),
      ...['id', 'customer', 'day'].map((name) => `/shop/orders/${name}`),
      ...['customer', 'note'].map((name) => `/shop/totals/${name}`),
      '/shop/_procedures_/total(integer)',
      '/shop/_procedures_/total(text)',
      '/trap/_procedures_/format_type',
      '/trap/_procedures_/pg_get_viewdef',
    ]);
    expect(named(entities, 'shop/customers')).toMatchObject({ attributes: { columnCount: 4 } });
    expect(named(entities, 'shop/customers/id')).toMatchObject({
      attributes: { order: 1, isPrimary: true, isForeign: false, precision: 64, dataType: 'int8' },
      customAttributes: { is_identity: 'YES', is_auto_increment: 'YES', is_generated: 'NO' },
    });
    expect(named(entities, 'shop/customers/name')).toMatchObject({
      attributes: { isNullable: false, maxLength: 80 },
    });
    expect(named(entities, 'shop/customers/balance')).toMatchObject({
      attributes: { precision: 12, numericScale: 2, maxLength: 0 },
    });
    expect(named(entities, 'shop/customers/net')).toMatchObject({
      attributes: { order: 5 },
      customAttributes: { is_generated: 'YES' },
    });
    expect(named(entities, 'shop/orders/customer')).toMatchObject({
      attributes: { isPrimary: false, isForeign: true, description: 'Who pays' },
    });
  });

  it('is split into files with exactly as many rows, and the right checksums', async () => {
    const rowsPerFile = { raw: 3, transformed: 2 };
    await using extraction = await extract(server, { rowsPerFile });
    const { files } = extraction.result;
    const columns = files.filter(({ type }) => type === 'column');
    const shape = ({ form, chunk, part, rows }: ExtractedFile) => [form, chunk, part, rows];
    expect(columns.map(shape)).toEqual([
      ...[3, 3, 3].map((rows, index) => ['raw', index + 1, 1, rows]),
      ...[1, 2, 3].flatMap((chunk) => [
        ['transformed', chunk, 1, 2],
        ['transformed', chunk, 2, 1],
      ]),
    ]);
    for (const file of files) {
      const data = await readFile(file.path);
      expect([data.length, createHash('sha256').update(data).digest('hex')]).toEqual([
        file.bytes,
        file.sha256,
      ]);
      if (file.form === 'transformed') expect(await linesOf(file)).toHaveLength(file.rows);
    }
  });

  it('has raw rows of their declared types', async () => {
    await using extraction = await extract(server);
    const raw = extraction.result.files.filter(({ form }) => form === 'raw');
    expect(raw.map(({ type }): EntityFolder => type)).toEqual([...entityFolders]);
    const rows = await readRawFiles(raw);
    expect(rows.map(({ length }) => length)).toEqual(raw.map((file) => file.rows));
  });

  it('is the same for a login that may read nothing and has its own settings', async () => {
    await using own = await extract(server);
    await using strange = await extract({ ...server, user: 'stranger', password: 'stranger' });
    const forget = (entities: readonly Entity[]) =>
      entities.map((entity) => ({ ...entity, attributes: { ...entity.attributes, lastSyncRunAt: 0 } }));
    expect(forget(strange.entities)).toEqual(forget(own.entities));
    expect(JSON.stringify(strange.entities)).toContain("it''s \\\\ here");
  });

  it('shows a single moment', async () => {
    let made = 0;
    await using extraction = await extract(server, {}, ({ session }) => {
      const stream = session.streamSource.bind(session);
      session.streamSource = async (...asked) => {
        made += 1;
        await server.query(`CREATE TABLE public.late_${made} (id int)`);
        return stream(...asked);
      };
    });
    const tables = Array.from({ length: made }, (_, index) => `late_${index + 1}`);
    for (const table of tables) await server.query(`DROP TABLE public.${table}`);
    expect(made).toBe(entityFolders.length);
    expect(JSON.stringify(extraction.entities)).not.toContain('late_');
  });

  it('takes the same number of statements for any size, and keeps its order', async () => {
    const statements = async () => {
      const before = (await readFile(server.logFile, 'utf8')).length;
      await using extraction = await extract(server, { rowsPerFile: { raw: 1_000, transformed: 400 } });
      const log = (await readFile(server.logFile, 'utf8')).slice(before);
      return {
        count: log.match(/LOG: {2}(statement|execute)/g)?.length ?? 0,
        extraction: extraction.result,
        entities: extraction.entities,
      };
    };
    const small = await statements();
    const columns = Array.from({ length: 100 }, (_, index) => `c${index + 1} int`).join(', ');
    await server.query(
      `CREATE SCHEMA big; ${Array.from({ length: 50 }, (_, n) => `CREATE TABLE big.t${n + 1} (${columns});`).join('')}`,
    );
    const big = await statements();
    await server.query('DROP SCHEMA big CASCADE');
    expect(big.extraction.entities.Column).toBe((small.extraction.entities.Column ?? 0) + 5_000);
    expect(big.count).toBe(small.count);
    expect(big.extraction.statements).toBe(small.extraction.statements);
    const rawRows = big.extraction.files.flatMap(({ form, type, rows }) =>
      form === 'raw' && type === 'column' ? [rows] : [],
    );
    expect(rawRows.slice(0, -1)).toEqual(rawRows.slice(0, -1).map(() => 1_000));
    const orders = big.entities.flatMap(({ typeName, attributes }) =>
      typeName === 'Column' && attributes.tableName === 't7' ? [attributes.order] : [],
    );
    expect(orders).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });

  it('stops when it is aborted', async () => {
    const stop = new AbortController();
    const running = extract(server, {
      signal: stop.signal,
      onProgress: ({ type }) => {
        if (type === 'table') stop.abort(new Error('enough'));
      },
    });
    await expect(running).rejects.toThrow('enough');
  });
});
