import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkExtraction } from '../../../../shared/checks/check-extraction.ts';
import { runExtraction } from '../../../../shared/extraction/run-extraction.ts';
import { type ExtractionSetup, setUpExtraction } from '../../../support/extraction/extraction-setup.ts';
import { filesBelow, readOutput } from '../../../support/extraction/read-output.ts';
import { type PostgresServer, startPostgres } from '../../../support/servers/postgres-server.ts';
import { POSTGRES_VERSIONS } from '../../../support/servers/postgres-versions.ts';
import { withoutLoginWarning } from '../../../support/source/login-warning.ts';

// The example of a server with many databases: sources: [erp, "hr-*"] with an include that only mentions erp.

describe.each(POSTGRES_VERSIONS)('a filter that leaves nothing of some databases, %s', (_title, version) => {
  let postgres: PostgresServer;
  let setup: ExtractionSetup;
  beforeAll(async () => {
    postgres = await startPostgres({ ...version, hba: ['host broken all all reject'] });
    for (const name of ['hr_a', 'hr_b', 'broken']) await postgres.query(`CREATE DATABASE ${name}`);
  });
  beforeEach(async () => {
    setup = await setUpExtraction(postgres);
  });
  afterEach(() => setup[Symbol.asyncDispose]());
  afterAll(() => postgres?.stop());

  const hr = { 'hr-a': { database: 'hr_a' }, 'hr-b': { database: 'hr_b' } };
  type Sources = Record<string, Record<string, unknown>>;

  it.each<[string, Record<string, unknown>, Sources, string[], string]>([
    [
      'of several sources',
      { sources: ['erp', 'hr-*'], include: { '^postgres$': ['^public$'] } },
      hr,
      ['erp/postgres'],
      'hr-a/hr_a, hr-b/hr_b.',
    ],
    [
      'of a list',
      { databases: ['hr_a', 'postgres', 'hr_b'], include: { 'hr_.*': '*' } },
      {},
      ['erp/hr_a', 'erp/hr_b'],
      'erp/postgres.',
    ],
  ])('%s', async (_what, extraction, sources, read, told) => {
    const record = await runExtraction(setup.options(extraction, sources));
    expect(record.state).toBe('succeeded');
    expect(record.error).toBeUndefined();
    const { manifest } = await readOutput(setup.outputFolder, 'catalogs');
    expect(manifest.databases.map(({ source, database }) => `${source}/${database}`)).toEqual(read);
    const warning = `Left out, because the filters select nothing in them: ${told}`;
    expect(withoutLoginWarning(record.warnings)).toEqual([warning]);
    expect(manifest.warnings).toEqual([warning]);
  });

  it('of a whole source, when all databases should be read', async () => {
    const other = await startPostgres(version);
    try {
      const { host, port } = other;
      const record = await runExtraction(
        setup.options(
          { sources: ['erp', 'new'], databases: 'all', include: { 'hr_.*': '*' } },
          { new: { host, port } },
        ),
      );
      expect(record.state).toBe('succeeded');
      expect(record.databases?.map(({ database }) => database)).toEqual(['hr_a', 'hr_b']);
      expect(withoutLoginWarning(record.warnings)).toEqual([
        'Left out, because the filters select nothing in them: new.',
      ]);
    } finally {
      await other.stop();
    }
  });

  it('fails a run whose filters exclude every database', async () => {
    const record = await runExtraction(setup.options({ databases: 'all', exclude: { '.*': '*' } }));
    expect(record.error?.message).toBe(
      'The filters leave no database of the source erp that its login may connect to.',
    );
  });

  it('does not hide a failure', async () => {
    const record = await runExtraction(
      setup.options({ databases: ['postgres', 'broken', 'hr_a'], include: { 'postgres|broken': '*' } }),
    );
    expect(record).toMatchObject({ state: 'partial', error: { class: 'AuthError' } });
    expect(withoutLoginWarning(record.warnings)).toEqual([
      'Left out, because the filters select nothing in them: erp/hr_a.',
    ]);
  });

  it.each<[string, Record<string, unknown>, Sources]>([
    ['one source', {}, {}],
    ['several sources', { sources: ['*'] }, hr],
    ['a list', { databases: ['postgres', 'hr_a'] }, {}],
    ['all', { databases: 'all' }, {}],
  ])('fails a run without anything else, in the words of Atlan’s app: %s', async (_what, fields, sources) => {
    const options = setup.options({ ...fields, include: { '^nodb$': '*', '^nor this$': '*' } }, sources);
    const message = 'Schemas and Databases check failed for nodb database.';
    const record = await runExtraction(options);
    expect(record).toMatchObject({ state: 'failed', error: { class: 'ConfigError', message } });
    expect(await filesBelow(setup.outputFolder)).toEqual([]);
    const checks = await checkExtraction({ ...options, signal: AbortSignal.timeout(60_000) });
    expect(checks.filter(({ status }) => status === 'failed')).toMatchObject([{ detail: message }]);
    expect(await filesBelow(join(setup.folder, 'work'))).toEqual([]);
  });

  it('appears next to an object that the server cannot return: the rest is complete, and the record names it', async () => {
    const { host, port, user, password } = postgres;
    const client = new pg.Client({ host, port, user, password, database: 'hr_b' });
    await client.connect();
    await client.query(`CREATE FUNCTION gone() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE VIEW damaged AS SELECT gone() AS a;
      DELETE FROM pg_proc WHERE proname = 'gone'`);
    const record = await runExtraction(setup.options({ databases: ['hr_a', 'hr_b'] }));
    await client.query('DROP VIEW damaged');
    await client.end();
    expect(record).toMatchObject({ state: 'succeeded', outcome: 'extracted' });
    expect(withoutLoginWarning(record.warnings)).toEqual([
      expect.stringMatching(
        /^erp\/hr_b: Left out: the definition of public\.damaged, because the server fails/,
      ),
    ]);
    const { manifest } = await readOutput(setup.outputFolder, 'catalogs');
    expect(manifest.warnings).toEqual(withoutLoginWarning(record.warnings));
    expect(manifest.entities).toMatchObject({ Database: 2, View: 1, Column: 1 });
  });

  it('is reported by the check', async () => {
    const options = setup.options({ sources: ['erp', 'hr-*'], include: { '^postgres$': ['^public$'] } }, hr);
    const checks = await checkExtraction({ ...options, signal: AbortSignal.timeout(60_000) });
    expect(checks.filter(({ status }) => status !== 'ok')).toEqual([
      {
        check: 'filters',
        status: 'warning',
        detail: 'Left out, because the filters select nothing in them: hr-a/hr_a, hr-b/hr_b.',
      },
    ]);
    expect(checks.map(({ check }) => check)).toContain('erp/postgres: databaseSchemaCheck');
  });
});
