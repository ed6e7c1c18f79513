import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../../cli/local/session-options.ts';
import { checkExtraction } from '../../../../shared/checks/check-extraction.ts';
import { listCatalog, probePreflight } from '../../../../shared/checks/probe-catalog.ts';
import { readTree } from '../../../../shared/extraction/catalog/read-tree.ts';
import { mysqlEntitySchema } from '../../../../shared/extraction/entities/mysql/mysql-entity-schemas.ts';
import { mysqlRawRowSchemas } from '../../../../shared/extraction/entities/mysql/mysql-raw-rows.ts';
import type { Manifest } from '../../../../shared/extraction/output/manifest.ts';
import { runExtraction } from '../../../../shared/extraction/run-extraction.ts';
import { inFormOfApp } from '../../../support/extraction/atlan-contract.ts';
import { type ExtractionSetup, setUpExtraction } from '../../../support/extraction/extraction-setup.ts';
import { startTortureMysql } from '../../../support/mysql-catalog/create.ts';
import type { MysqlServer } from '../../../support/servers/mysql-server.ts';
import { sourceConfig } from '../../../support/source/source-config.ts';

const never = new AbortController().signal;

describe('extractions of MySQL and MariaDB', () => {
  let mariadb: MysqlServer;
  let mysql: MysqlServer;
  let setup: ExtractionSetup;
  beforeAll(async () => {
    [mariadb, mysql] = await Promise.all([
      startTortureMysql({ flavor: 'mariadb' }),
      startTortureMysql({ flavor: 'mysql' }),
    ]);
    setup = await setUpExtraction({ ...mariadb, user: mariadb.user, password: mariadb.password });
  });
  afterAll(async () => {
    await setup?.[Symbol.asyncDispose]();
    await Promise.all([mariadb?.stop(), mysql?.stop()]);
  });

  /** `erp` is MariaDB; `shop` MySQL; both have the same login. */
  const options = (extraction: Record<string, unknown> = {}) =>
    setup.options(extraction, {
      erp: { ...sourceConfig(mariadb, 'erp') },
      shop: { ...sourceConfig(mysql, 'erp') },
    });
  const manifestOf = async (path: string | undefined) =>
    JSON.parse(await readFile(String(path), 'utf8')) as Manifest;

  it.each(['app', 'sdk', 'sdk3'] as const)('write the files of layout %s, and a manifest', async (layout) => {
    const record = await runExtraction(
      options({ sources: ['*'], output: { layout }, exclude: { def: ['mirror'] } }),
    );
    expect(record.state).toBe('succeeded');
    const { databases, connections, files } = await manifestOf(record.manifest);
    expect(databases.map(({ source, database, state }) => [source, database, state])).toEqual([
      ['erp', 'def', 'extracted'],
      ['shop', 'def', 'extracted'],
    ]);
    expect(connections.map(({ qualifiedName }) => qualifiedName.split('/')[1])).toEqual(['mysql', 'mysql']);
    const folder =
      layout === 'app' ? `catalogs/${record.id}` : `artifacts/apps/mysql/workflows/catalogs/${record.id}`;
    const name = { app: '1.json', sdk: 'chunk-0-part0.json', sdk3: 'entities.json' }[layout];
    expect(files.map(({ key }) => key)).toContain(`${folder}/transformed/extras-procedure/${name}`);
    for (const { key, form, rows } of files.filter(({ form }) => form === 'transformed')) {
      const lines = (await readFile(join(setup.outputFolder, key), 'utf8')).trimEnd().split('\n');
      expect(lines, `${form} ${key}`).toHaveLength(rows);
      const entities = lines.map((line) => JSON.parse(line) as unknown);
      for (const entity of layout === 'sdk3' ? entities.map(inFormOfApp) : entities)
        mysqlEntitySchema.parse(entity);
    }
    const records = files.filter(({ form }) => form === 'raw');
    if (layout !== 'sdk3') return;
    expect(records).toHaveLength(5);
    for (const { key, type, rows } of records) {
      const lines = (await readFile(join(setup.outputFolder, key), 'utf8')).trimEnd().split('\n');
      expect(lines, key).toHaveLength(rows);
      for (const line of lines) mysqlRawRowSchemas[type].parse(JSON.parse(line));
    }
  });

  it('tell why a name is no database of MySQL', async () => {
    const record = await runExtraction(options({ databases: ['app'] }));
    expect(record).toMatchObject({ state: 'failed', error: { class: 'ConfigError' } });
    expect(record.error?.message).toContain('has no database "app"');
    expect(record.error?.hint).toContain('include: { "^def$": ["^app$"] }');
  });

  it('read `def` when all databases are wanted', async () => {
    const record = await runExtraction(options({ databases: 'all', include: { def: ['^hidden$'] } }));
    expect(record.databases).toMatchObject([{ source: 'erp', database: 'def', state: 'extracted' }]);
    // The database, the schema, a table and a view with their columns, a procedure.
    expect(record.rows).toBe(7);
  });

  it('refuse what the filters name and is not there, and what is no expression', async () => {
    const missing = await runExtraction(options({ include: { '^def$': ['^nothing$'] } }));
    expect(missing.error?.message).toBe('Schemas and Databases check failed for def.nothing schema.');
    const invalid = await runExtraction(options({ tempTableRegex: 'tmp_(' }));
    expect(invalid).toMatchObject({ state: 'failed', error: { class: 'ConfigError' } });
    expect(invalid.error?.message).toMatch(
      /^tempTableRegex "tmp_\(" is not a valid regular expression \(RE2\): /,
    );
  });

  it('are checked in the words of the app', async () => {
    const results = await checkExtraction({
      ...options({ sources: ['*'], include: { def: ['^app$'] }, tempTableRegex: '^tmp_' }),
      signal: never,
    });
    const said = results.filter(({ check }) => !check.startsWith('output')).map(({ detail }) => detail);
    expect(said).toEqual([
      'Schemas and Databases check successful',
      'Tables check successful. Table count: 20',
      `Client version ${mariadb.version} meets minimum required version 10.3`,
      'Schemas and Databases check successful',
      'Tables check successful. Table count: 19',
      `Client version ${mysql.version} meets minimum required version 8.0`,
    ]);
  });

  it('say in a check what the login does not see', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ferry mysql ü '));
    const limited = setup.options(
      {},
      { erp: { ...sourceConfig({ ...mysql, database: 'app' }, 'stranger') } },
    );
    const secrets = {
      ...limited.secrets,
      read: async () => JSON.stringify({ username: 'stranger', password: 'stranger' }),
    };
    try {
      const results = await checkExtraction({ ...limited, secrets, signal: never });
      expect(results.filter(({ status }) => status === 'warning').map(({ detail }) => detail)).toEqual([
        expect.stringMatching(/^The login has no SELECT privilege on all of partly: /),
        expect.stringMatching(/^The login has no privilege on all routines of app \(such as EXECUTE\): /),
        'The login only sees schemas on which it has a privilege: there may be others.',
      ]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('show what there is as a tree', async () => {
    const { config } = options();
    const { erp: source } = config.sources;
    if (!source) throw new Error('The configuration lost its source.');
    const folder = await mkdtemp(join(tmpdir(), 'ferry mysql ü '));
    await mariadb.query('CREATE DATABASE App; CREATE PROCEDURE App.one() SELECT 1; CREATE DATABASE Sys');
    try {
      const tree = await readTree({
        source,
        login: { ...mariadb, username: mariadb.user },
        folder,
        extensionFolders: [PROJECT_EXTENSIONS],
        memoryLimitBytes: 256_000_000,
        threads: 1,
        filters: { include: { def: ['app', 'partly'] }, exclude: {}, tempTableRegex: '^tmp_' },
      });
      expect(tree).toMatchObject([
        {
          name: 'def',
          isDefault: true,
          schemas: [
            { name: 'App', tables: 0, views: 0, routines: 1, inScope: false },
            { name: 'Sys', inScope: false },
            { name: 'app', tables: 17, views: 3, routines: 5, inScope: true },
            { name: 'empty', tables: 0, views: 0, routines: 0, inScope: false },
            { name: 'ferry' },
            { name: 'hidden', tables: 1, views: 1, routines: 1, inScope: false },
            { name: 'mirror', views: 8 },
            { name: `odd "d" 'q' \\ ü/%(x)` },
            { name: 'partly', tables: 2, views: 1, routines: 1, inScope: true },
          ],
        },
      ]);
    } finally {
      await mariadb.query('DROP DATABASE App; DROP DATABASE Sys');
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("answer what Atlan's API asks of a configured source", async () => {
    const { config, secrets, extensionFolders, memoryLimitBytes, threads } = options();
    const { shop: source } = config.sources;
    if (!source) throw new Error('The configuration lost its source.');
    const workFolder = await mkdtemp(join(tmpdir(), 'ferry mysql ü '));
    const probe = {
      name: 'shop',
      source,
      secrets,
      job: 'probe',
      workFolder,
      extensionFolders,
      memoryLimitBytes,
      threads,
      signal: never,
    };
    try {
      expect(await listCatalog(probe, 'databases')).toEqual([{ database: 'def' }]);
      expect((await listCatalog(probe, 'schemas')).slice(0, 2)).toEqual([
        { database: 'def', schema: 'app' },
        { database: 'def', schema: 'empty' },
      ]);
      const checks = await probePreflight(probe, {
        include: { def: ['app'] },
        exclude: {},
        tempTableRegex: '',
      });
      expect(checks.tablesCheck.successMessage).toBe('Tables check successful. Table count: 20');
    } finally {
      await rm(workFolder, { recursive: true, force: true });
    }
  });
});
