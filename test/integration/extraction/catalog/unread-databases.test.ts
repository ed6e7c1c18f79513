import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkExtraction } from '../../../../shared/checks/check-extraction.ts';
import { runExtraction } from '../../../../shared/extraction/run-extraction.ts';
import { type ExtractionSetup, setUpExtraction } from '../../../support/extraction/extraction-setup.ts';
import { readOutput } from '../../../support/extraction/read-output.ts';
import { type PostgresServer, startPostgres } from '../../../support/servers/postgres-server.ts';

// Forty databases, of which one was dropped and one is closed: a night without a word about them deletes their assets.

let postgres: PostgresServer;
let setup: ExtractionSetup;
beforeAll(async () => {
  postgres = await startPostgres();
  for (const statement of [
    "CREATE ROLE leser LOGIN PASSWORD 'lies mich'",
    'CREATE DATABASE edge',
    'CREATE DATABASE "hr-prod"',
    'CREATE DATABASE "Gehälter"',
    'CREATE DATABASE alt ALLOW_CONNECTIONS false',
    'CREATE DATABASE rdsadmin',
    'REVOKE CONNECT ON DATABASE "Gehälter", rdsadmin FROM PUBLIC',
  ])
    await postgres.query(statement);
});
beforeEach(async () => {
  setup = await setUpExtraction(postgres);
});
afterEach(() => setup[Symbol.asyncDispose]());
afterAll(() => postgres?.stop());

function work(extraction: Record<string, unknown>) {
  const read = async () => JSON.stringify({ username: 'leser', password: 'lies mich' });
  return { ...setup.options(extraction), secrets: { read } };
}
const check = async (extraction: Record<string, unknown>) =>
  (await checkExtraction({ ...work(extraction), signal: AbortSignal.timeout(60_000) })).filter(
    ({ status }) => status !== 'ok',
  );

describe('databases: all', () => {
  it('says in run, manifest and check which database the login may not connect to', async () => {
    const fields = { databases: 'all', exclude: { '^postgres$': '*' } };
    const warning =
      'Not read, although databases: all selects them: erp/Gehälter (the login has no CONNECT privilege), erp/alt (it takes no connections).';
    const record = await runExtraction(work(fields));
    expect(record).toMatchObject({ state: 'succeeded', warnings: [warning] });
    const { manifest } = await readOutput(setup.outputFolder, 'catalogs');
    expect(manifest.databases.map(({ database }) => database)).toEqual(['edge', 'hr-prod']);
    expect(manifest.warnings).toEqual([warning]);
    expect(manifest.unread).toEqual([
      { source: 'erp', database: 'Gehälter', reason: 'the login has no CONNECT privilege' },
      { source: 'erp', database: 'alt', reason: 'it takes no connections' },
    ]);
    expect(await check(fields)).toEqual([{ check: 'erp: databases', status: 'warning', detail: warning }]);
  });

  it('says nothing of those that the filters leave out', async () => {
    const fields = { databases: 'all', include: { 'edge|hr-.*': '*' } };
    const record = await runExtraction(work(fields));
    expect(record).toMatchObject({ state: 'succeeded', warnings: [] });
    expect((await readOutput(setup.outputFolder, 'catalogs')).manifest).not.toHaveProperty('unread');
    expect(await check(fields)).toEqual([]);
  });
});

describe('an entry of include without a database that can be read', () => {
  it.each<[string, Record<string, unknown>]>([
    ['all', { databases: 'all' }],
    ['a list', { databases: ['edge', 'hr-prod'] }],
  ])('fails alone, and the others are read: %s', async (_what, databases) => {
    const include = { '^edge$': '*', '^nodb\\.alt$': '*', '^Gehälter$': '*', '^hr\\-prod$': ['^public$'] };
    const fields = { ...databases, include };
    const record = await runExtraction(work(fields));
    expect(record.state).toBe('partial');
    expect(record.databases?.map(({ database, state }) => [database, state])).toEqual([
      ['edge', 'extracted'],
      ['hr-prod', 'extracted'],
      ['nodb.alt', 'failed'],
      ['Gehälter', 'failed'],
    ]);
    const [, , dropped, closed] = record.databases ?? [];
    expect(dropped?.error).toMatchObject({
      class: 'ConfigError',
      message: 'Schemas and Databases check failed for nodb.alt database.',
      hint: expect.stringContaining('No database of the server has that name'),
    });
    if (databases.databases === 'all')
      expect(closed?.error?.hint).toContain('the login has no CONNECT privilege');
    const { manifest } = await readOutput(setup.outputFolder, 'catalogs');
    expect(manifest).toMatchObject({ state: 'partial', warnings: [] });
    expect(manifest).not.toHaveProperty('unread');
    expect((await check(fields)).map((one) => [one.check, one.status])).toEqual([
      ['erp/nodb.alt: databaseSchemaCheck', 'failed'],
      ['erp/Gehälter: databaseSchemaCheck', 'failed'],
    ]);
  });

  it('still fails the run of one database, as in Atlan’s app', async () => {
    const fields = { include: { '^postgres$': '*', '^nodb$': '*' } };
    const record = await runExtraction(work(fields));
    const message = 'Schemas and Databases check failed for nodb database.';
    expect(record).toMatchObject({ state: 'failed', error: { message } });
  });
});

it('a limit of connections is that of the database, if it is its own', async () => {
  await postgres.query('ALTER DATABASE "hr-prod" CONNECTION LIMIT 0');
  try {
    const record = await runExtraction(work({ databases: ['edge', 'hr-prod'] }));
    expect(record.state).toBe('partial');
    expect(record.error?.message).toMatch(
      /^1 of 2 databases failed\. erp\/hr-prod: The database "hr-prod" at \S+ has no connections left\.$/,
    );
    expect(record.error?.hint).toContain('ALTER DATABASE');
  } finally {
    await postgres.query('ALTER DATABASE "hr-prod" CONNECTION LIMIT -1');
  }
});
