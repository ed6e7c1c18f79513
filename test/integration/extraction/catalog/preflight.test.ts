import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../shared/errors.ts';
import { runPreflight } from '../../../../shared/extraction/catalog/preflight.ts';
import { type CatalogFilters, EVERYTHING } from '../../../../shared/source/catalog/filters.ts';
import type { AskSource } from '../../../../shared/source/dialect.ts';
import { postgresScope } from '../../../../shared/source/postgres/catalog/scope/postgres-scope.ts';
import { type PostgresServer, startPostgres } from '../../../support/servers/postgres-server.ts';
import { POSTGRES_VERSIONS } from '../../../support/servers/postgres-versions.ts';
import { openSession, type TestSession } from '../../../support/source/source-session.ts';

const filters = (changes: Partial<CatalogFilters>): CatalogFilters => ({ ...EVERYTHING, ...changes });
const failedFor = (what: string) => ({
  success: false,
  successMessage: '',
  failureMessage: `Schemas and Databases check failed for ${what}`,
});
const successful = {
  success: true,
  successMessage: 'Schemas and Databases check successful',
  failureMessage: '',
};

describe.each(POSTGRES_VERSIONS)('runPreflight on %s', (_title, options) => {
  let server: PostgresServer;
  let postgres: TestSession;
  beforeAll(async () => {
    server = await startPostgres(options);
    await server.query(`
      CREATE SCHEMA sales; CREATE SCHEMA "o'brien";
      CREATE TABLE plain (id int PRIMARY KEY, serial_id serial); CREATE VIEW v AS SELECT 1 AS a; CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;
      CREATE TABLE parted (id int) PARTITION BY LIST (id); CREATE TABLE part_1 PARTITION OF parted FOR VALUES IN (1);
      CREATE TYPE pair AS (a int, b int); CREATE SEQUENCE counter;
      CREATE TABLE sales.tmp_orders (id int); CREATE TABLE sales.orders (id int)`);
    await server.query('CREATE DATABASE hr');
    await server.query('CREATE DATABASE closed');
    await server.query('REVOKE CONNECT ON DATABASE closed FROM PUBLIC');
    await server.query("CREATE ROLE leser LOGIN PASSWORD 'leser'");
    postgres = await openSession({ ...server, user: 'leser', password: 'leser' });
  });
  afterAll(async () => {
    await postgres?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  it('says in Atlan’s words that all is well, with two statements', async () => {
    postgres.statements.length = 0;
    expect(await runPreflight(postgresScope(postgres.ask), EVERYTHING)).toEqual({
      databaseSchemaCheck: successful,
      // plain, v, m, parted, part_1, and two of sales; neither types nor sequences nor indexes.
      tablesCheck: {
        success: true,
        successMessage: 'Tables check successful. Table count: 7',
        failureMessage: '',
      },
      versionCheck: {
        success: true,
        successMessage: `Client version ${server.version} meets minimum required version 10.0`,
        failureMessage: '',
      },
    });
    expect(postgres.statements.length).toBeLessThanOrEqual(2);
  });

  it.each<[string, Partial<CatalogFilters>, number]>([
    ['one schema', { include: { '^postgres$': ['^sales$'] } }, 2],
    ['without temporary tables', { include: { postgres: ['sales'] }, tempTableRegex: '^tmp_' }, 1],
    ['everything excluded', { exclude: { postgres: '*' } }, 0],
    ['a part excluded', { exclude: { postgres: ['public'] } }, 2],
  ])('counts %s', async (_case, changes, count) => {
    const { tablesCheck } = await runPreflight(postgresScope(postgres.ask), filters(changes));
    expect(tablesCheck).toMatchObject({
      success: true,
      successMessage: `Tables check successful. Table count: ${count}`,
    });
  });

  it.each<[CatalogFilters['include'], string | undefined]>([
    [{}, undefined],
    [{ '^postgres$': '*' }, undefined],
    [{ '^postgres$': [] }, undefined],
    [{ '*': ['*'] }, undefined],
    [{ '^postgres$': ['^public$', '^sales$'] }, undefined],
    [{ '^postgres$': ["^o'brien$"] }, undefined],
    [{ '^nodb$': ['^public$'] }, 'nodb database'],
    [{ '^postgres$': ['^nosch$'] }, 'postgres.nosch schema'],
    [{ '^postgres$': ['^public$', '^nosch$', '^another$'] }, 'postgres.nosch schema'],
    [{ '^nodb$': '*', '^postgres$': ['^nosch$'] }, 'nodb database'],
    [{ '^postgres$': ['^nosch$'], '^nodb$': '*' }, 'postgres.nosch schema'],
    [{ '^postgres$': ['^public$'], '^nodb$': '*' }, 'nodb database'],
    [{ postgres: ["it's"] }, "postgres.it's schema"],
    // Patterns, not names.
    [{ 'post.*': ['sal.*'] }, undefined],
    [{ 'post.*': ['sal'] }, 'post.*.sal schema'],
    [{ 'post.*': ['nix.*'] }, 'post.*.nix.* schema'],
    [{ POSTGRES: '*' }, 'POSTGRES database'],
    [{ '^postgre': '*' }, 'postgre database'],
    // The system's schemas are not read.
    [{ postgres: ['pg_catalog'] }, 'postgres.pg_catalog schema'],
    // Another database of the server is read by its own session; its schemas are not known here.
    [{ postgres: ['public'], hr: ['nosch'] }, undefined],
    // One that the login cannot enter is as good as none, and so are templates.
    [{ postgres: '*', closed: '*' }, 'closed database'],
    [{ postgres: '*', template1: '*' }, 'template1 database'],
    // A pattern for many databases does not say that each of them has the schema.
    [{ '.*': ['public', 'only_in_hr'] }, undefined],
    // Nothing for the database that was connected to.
    [{ hr: ['public'] }, 'hr database'],
  ])('include %j: %s', async (include, miss) => {
    const { databaseSchemaCheck } = await runPreflight(postgresScope(postgres.ask), filters({ include }));
    expect(databaseSchemaCheck).toEqual(miss === undefined ? successful : failedFor(miss));
  });

  it.each<[CatalogFilters['include'], string | undefined]>([
    [{ postgres: ['public'], elsewhere: ['x'] }, undefined],
    [{ elsewhere: ['x'], postgres: ['nosch'] }, 'postgres.nosch schema'],
    [{ elsewhere: ['x'] }, 'elsewhere database'],
  ])('of several sources, include %j: %s', async (include, miss) => {
    const { databaseSchemaCheck } = await runPreflight(postgresScope(postgres.ask), filters({ include }), {
      onlySource: false,
    });
    expect(databaseSchemaCheck).toEqual(miss === undefined ? successful : failedFor(miss));
  });

  it('does not look for what is excluded', async () => {
    const { databaseSchemaCheck } = await runPreflight(
      postgresScope(postgres.ask),
      filters({ exclude: { nodb: '*', postgres: ['nosch'] } }),
    );
    expect(databaseSchemaCheck).toEqual(successful);
  });

  it('refuses a wrong pattern before anything else', async () => {
    await expect(
      runPreflight(postgresScope(postgres.ask), filters({ include: { postgres: ['(a'] } })),
    ).rejects.toThrow(ConfigError);
  });

  it.each([
    [
      90_624,
      { success: false, failureMessage: 'Client version 9.6.24 does not meet minimum required version 10.0' },
    ],
    [100_000, { success: true, successMessage: 'Client version 10.0 meets minimum required version 10.0' }],
    [150_018, { success: true, successMessage: 'Client version 15.18 meets minimum required version 10.0' }],
  ])('a server that reports version %i', async (version, expected) => {
    const ask: AskSource = async (sql) => {
      const answer = await postgres.ask(sql);
      return {
        ...answer,
        rows: answer.rows.map((row) => row.with(answer.names.indexOf('version'), version)),
      };
    };
    expect((await runPreflight(postgresScope(ask), EVERYTHING)).versionCheck).toMatchObject(expected);
  });
});
