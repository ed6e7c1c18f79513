import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkExtraction } from '../../../shared/checks/check-extraction.ts';
import { ConfigError, SourceUnavailableError, StorageUnavailableError } from '../../../shared/errors.ts';
import { extractDatabase } from '../../../shared/extraction/extract-database.ts';
import type { OutputStore } from '../../../shared/extraction/output/output-store.ts';
import { runExtraction } from '../../../shared/extraction/run-extraction.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { type ExtractionSetup, setUpExtraction } from '../../support/extraction/extraction-setup.ts';
import { filesBelow, readOutput } from '../../support/extraction/read-output.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

let postgres: PostgresServer;
let setup: ExtractionSetup;
beforeAll(async () => {
  postgres = await startPostgres({
    // Nobody answers who is at the other end of a connection, so that a login there is refused.
    hba: ['host broken all all reject', 'host choosy all all ident'],
  });
  await postgres.query(
    'CREATE SCHEMA app; CREATE TABLE app.orders (id int PRIMARY KEY, note text); CREATE VIEW app.open AS SELECT id FROM app.orders',
  );
  for (const name of ['hr', 'broken', 'choosy', 'empty']) await postgres.query(`CREATE DATABASE ${name}`);
});
beforeEach(async () => {
  setup = await setUpExtraction(postgres);
});
afterEach(() => setup[Symbol.asyncDispose]());
afterAll(() => postgres?.stop());

const countRefusals = async () =>
  (await readFile(postgres.logFile, 'utf8')).split(/FATAL: .* authentication failed for user/).length - 1;

describe('an extraction', () => {
  it('writes each database into files that are numbered on, a manifest last, and latest.json', async () => {
    const record = await runExtraction(setup.options({ databases: ['postgres', 'hr'] }));
    expect(record).toMatchObject({
      state: 'succeeded',
      outcome: 'extracted',
      kind: 'extraction',
      sources: ['erp'],
    });
    expect(record.error).toBeUndefined();
    const { manifest } = await readOutput(setup.outputFolder, 'catalogs');
    expect(record.manifest).toBe(join(setup.outputFolder, `catalogs/${record.id}/manifest.json`));
    expect(manifest).toMatchObject({
      job: 'catalogs',
      workflowId: 'catalogs',
      state: 'succeeded',
      runId: record.id,
    });
    expect(manifest.databases.map(({ database, state }) => [database, state])).toEqual([
      ['postgres', 'extracted'],
      ['hr', 'extracted'],
    ]);
    const ofSchemas = manifest.files.filter(({ form, type }) => form === 'transformed' && type === 'schema');
    expect(ofSchemas.map(({ key, database }) => [key, database])).toEqual([
      [`catalogs/${record.id}/transformed/schema/1.json`, 'postgres'],
      [`catalogs/${record.id}/transformed/schema/2.json`, 'hr'],
    ]);
    expect(record.rows).toBe(Object.values(manifest.entities).reduce((sum, count) => sum + count, 0));
    expect(record.bytes).toBe(manifest.files.reduce((sum, { bytes }) => sum + bytes, 0));
    expect(await filesBelow(join(setup.folder, 'work'))).toEqual([]);
    expect(await setup.store.get(record.id)).toEqual(record);
  });

  it('in the layout of the SDK writes the paths that its generator would', async () => {
    const output = { layout: 'sdk', application: 'my-postgres' };
    const record = await runExtraction(
      setup.options({ output, workflowId: 'wf-1', databases: ['postgres', 'hr'] }),
    );
    const folder = 'artifacts/apps/my-postgres/workflows/wf-1';
    const { manifest, entities } = await readOutput(setup.outputFolder, folder);
    const column = `${folder}/${record.id}/transformed/column/chunk-0-part0.json`;
    expect(entities.get(column)?.[0]).toMatchObject({
      typeName: 'Column',
      attributes: { lastSyncWorkflowName: 'wf-1', lastSyncRun: record.id },
    });
    expect(manifest.files.map(({ key }) => key)).toContain(
      `${folder}/${record.id}/raw/schema/chunk-1-part0.parquet`,
    );
  });

  it('whose run is delivered twice is one run', async () => {
    const options = { ...setup.options(), runId: newRunId() };
    const first = await runExtraction(options);
    expect(await runExtraction(options)).toEqual(first);
  });

  it('continues when one database, or a whole source, cannot be read', async () => {
    const facts: string[] = [];
    const record = await runExtraction({
      ...setup.options(
        { sources: ['*'], databases: ['postgres', 'broken', 'hr'] },
        { gone: { port: 1 }, secretless: { port: 2, auth: { type: 'password', secret: 'nobody' } } },
      ),
      onProgress: (event) => event.type === 'phase-noted' && facts.push(event.fact),
    });
    for (const name of ['erp/broken', 'gone/postgres', 'gone/broken', 'gone/hr', 'secretless'])
      expect(facts).toContainEqual(expect.stringMatching(new RegExp(`^${name} failed: .{20}`)));
    // One line for each that was read, with its name.
    expect(facts.filter((fact) => !fact.includes(' failed: '))).toEqual([
      expect.stringMatching(/^erp\/postgres {2}\d+ entities$/),
      expect.stringMatching(/^erp\/hr {2}\d+ entit(y|ies)$/),
    ]);
    expect(record).toMatchObject({ state: 'partial', outcome: 'extracted', error: { class: 'AuthError' } });
    expect(
      record.databases?.map(({ source, database, state, error }) => [source, database, state, error?.class]),
    ).toEqual([
      ['erp', 'postgres', 'extracted', undefined],
      ['erp', 'broken', 'failed', 'AuthError'],
      ['erp', 'hr', 'extracted', undefined],
      ['gone', 'postgres', 'failed', 'SourceUnavailableError'],
      ['gone', 'broken', 'failed', 'SourceUnavailableError'],
      ['gone', 'hr', 'failed', 'SourceUnavailableError'],
      ['secretless', undefined, 'failed', 'ConfigError'],
    ]);
    expect(record.error?.message).toMatch(
      /^5 of 7 databases failed\. erp\/broken: .* gone\/postgres: .* Likewise: gone\/broken, gone\/hr\. secretless: .*$/,
    );
    const { manifest } = await readOutput(setup.outputFolder, 'catalogs');
    expect(manifest.state).toBe('partial');
    expect(new Set(manifest.files.map(({ database }) => database))).toEqual(new Set(['postgres', 'hr']));
  });

  it('reads what works before it waits for what is away, and keeps the order in the manifest', async () => {
    const events: string[] = [];
    let time = Date.now();
    const { maxTries: _once, ...options } = setup.options(
      { sources: ['*'], databases: 'all', include: { '^(postgres|hr)$': '*' } },
      { away: { port: 1 }, zoo: { port: 2, connection: { qualifiedName: 'default/postgres/2' } } },
    );
    const record = await runExtraction({
      ...options,
      clock: {
        now: () => time,
        sleep: async (ms) => {
          time += ms;
          events.push('waited');
        },
      },
      onProgress: (event) => event.type === 'phase-noted' && events.push(event.fact),
    });
    expect(events.slice(0, 3)).toEqual([
      expect.stringMatching(/^erp\/hr {2}/),
      expect.stringMatching(/^erp\/postgres {2}/),
      'waited',
    ]);
    // The time in which Ferry waited for the first one counts for the second one, too.
    expect(time - Date.now()).toBeLessThan(5 * 60_000);
    expect(record.databases?.map(({ source, database, state }) => [source, database, state])).toEqual([
      ['away', undefined, 'failed'],
      ['erp', 'hr', 'extracted'],
      ['erp', 'postgres', 'extracted'],
      ['zoo', undefined, 'failed'],
    ]);
    expect(record.state).toBe('partial');
  });

  it('reads a database again at the end that broke off, and numbers its files on', async () => {
    let tries = 0;
    const { maxTries: _once, ...options } = setup.options({ databases: ['hr', 'postgres', 'empty'] });
    const record = await runExtraction(
      { ...options, clock: { now: Date.now, sleep: async () => {} } },
      async (given) => {
        if (given.session.database === 'hr') tries += 1;
        if (given.session.database === 'hr' && tries === 1) throw new SourceUnavailableError('It broke off.');
        return extractDatabase(given);
      },
    );
    expect(record).toMatchObject({ state: 'succeeded' });
    const { manifest } = await readOutput(setup.outputFolder, 'catalogs');
    expect(manifest.databases.map(({ database }) => database)).toEqual(['hr', 'postgres', 'empty']);
    const ofSchemas = manifest.files.filter(({ form, type }) => form === 'transformed' && type === 'schema');
    expect(ofSchemas.map(({ database }) => database)).toEqual(['postgres', 'empty', 'hr']);
  });

  it.each([
    ['a wrong password once', ['postgres', 'hr', 'empty'], 'wrong', ['AuthError', 'AuthError', 'AuthError']],
    [
      'one that a single database refuses to all',
      ['hr', 'choosy', 'empty'],
      '',
      [undefined, 'AuthError', undefined],
    ],
  ])('tries %s', async (_what, databases, wrong, errors) => {
    const password = wrong || postgres.password;
    const read = async () => JSON.stringify({ username: postgres.user, password });
    const before = await countRefusals();
    const record = await runExtraction({ ...setup.options({ databases }), secrets: { read } });
    expect(record.databases?.map(({ error }) => error?.class)).toEqual([...errors]);
    expect((await countRefusals()) - before).toBe(1);
  });

  it('tries a password once that is rotated between two databases, and from then on the new one', async () => {
    let password = 'first';
    await postgres.query(
      `CREATE ROLE turning LOGIN PASSWORD '${password}'; GRANT pg_read_all_data TO turning`,
    );
    let reads = 0;
    const read = async () => {
      reads += 1;
      return JSON.stringify({ username: 'turning', password });
    };
    const before = await countRefusals();
    const work = { ...setup.options({ databases: ['postgres', 'hr', 'empty'] }), secrets: { read } };
    const record = await runExtraction(work, async (options) => {
      const extracted = await extractDatabase(options);
      if (extracted.database === 'postgres') {
        password = 'second';
        await postgres.query(`ALTER ROLE turning PASSWORD '${password}'`);
      }
      return extracted;
    });
    expect(record).toMatchObject({
      state: 'succeeded',
      databases: ['postgres', 'hr', 'empty'].map((database) => ({ database, state: 'extracted' })),
    });
    expect((await countRefusals()) - before).toBe(1);
    expect(reads).toBe(2);
  });

  it('offers a wrong password once that several sources share', async () => {
    const read = async () => JSON.stringify({ username: postgres.user, password: 'wrong' });
    const others = { hr: { database: 'hr' }, void: { database: 'empty' } };
    const options = { ...setup.options({ sources: ['*'] }, others), secrets: { read } };
    const before = await countRefusals();
    const record = await runExtraction(options);
    expect(record.databases?.map(({ source, error }) => [source, error?.class])).toEqual([
      ['erp', 'AuthError'],
      ['hr', 'AuthError'],
      ['void', 'AuthError'],
    ]);
    expect(record.databases?.[1]?.error?.message).toMatch(
      /refused the login of user ".*" before\. Ferry did not/,
    );
    expect((await countRefusals()) - before).toBe(1);
    await checkExtraction({ ...options, signal: AbortSignal.timeout(60_000) });
    expect((await countRefusals()) - before).toBe(2);
  });

  it('waits for a lock of the catalog that passes, even where nothing else is tried again', async () => {
    const holder = new pg.Client(postgres);
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE pg_catalog.pg_description IN ACCESS EXCLUSIVE MODE');
    const retries: string[] = [];
    const record = await runExtraction({
      ...setup.options(),
      clock: { now: Date.now, sleep: async () => {} },
      onProgress: (event) => {
        if (event.type !== 'retrying') return;
        retries.push(event.message);
        if (retries.length === 2) void holder.query('COMMIT');
      },
    });
    expect(record).toMatchObject({ state: 'succeeded' });
    await holder.end();
    expect(retries.length).toBeGreaterThanOrEqual(2);
    expect(new Set(retries)).toEqual(
      new Set(["A part of the source's catalog is locked, and the lock was not released in time."]),
    );
  });

  it('waits for such a lock in a check, too', async () => {
    const holder = new pg.Client({ ...postgres, database: 'hr' });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE pg_catalog.pg_namespace IN ACCESS EXCLUSIVE MODE');
    let waits = 0;
    const checks = await checkExtraction({
      ...setup.options({ databases: ['hr'] }),
      signal: AbortSignal.timeout(60_000),
      async sleep() {
        waits += 1;
        await holder.query('COMMIT');
      },
    });
    await holder.end();
    expect(waits).toBe(1);
    expect(checks.find(({ status }) => status === 'failed')).toBeUndefined();
  });

  it('tries a wrong password once in a check', async () => {
    const told: string[] = [];
    const steps: string[] = [];
    const read = async () => JSON.stringify({ username: postgres.user, password: 'wrong' });
    const before = await countRefusals();
    const checks = await checkExtraction({
      ...setup.options({ databases: ['postgres', 'hr'] }),
      secrets: { read },
      signal: AbortSignal.timeout(60_000),
      onCheck: (found) => told.push(found.check),
      onStep: (step) => steps.push(step),
    });
    expect(told).toEqual(checks.map(({ check }) => check));
    expect(steps).toEqual(['1 of 2  erp/postgres', 'output']);
    expect(checks.map(({ check, status }) => [check, status])).toEqual(
      expect.arrayContaining([
        ['erp/postgres: login', 'failed'],
        ['erp/hr: login', 'skipped'],
        ['output: write', 'ok'],
      ]),
    );
    expect((await countRefusals()) - before).toBe(1);
  });

  it('reads a secret again that could not be read for a moment', async () => {
    const secret = JSON.stringify({ username: postgres.user, password: postgres.password });
    const answers = [new StorageUnavailableError('Secrets Manager cannot be reached.')];
    const read = async () => {
      const error = answers.pop();
      if (error) throw error;
      return secret;
    };
    const record = await runExtraction({ ...setup.options(), maxTries: 2, secrets: { read } });
    expect(record).toMatchObject({ state: 'succeeded' });
  });

  it('fails with the first error when nothing can be read, and leaves no file', async () => {
    const record = await runExtraction(setup.options({ databases: ['broken'] }, { gone: { port: 1 } }));
    expect(record).toMatchObject({ state: 'failed', error: { class: 'AuthError' } });
    expect(await filesBelow(setup.outputFolder)).toEqual([]);
  });

  it('fails a database by the checks of Atlan’s app, in their words', async () => {
    const record = await runExtraction(setup.options({ include: { '^postgres$': ['^missing$'] } }));
    expect(record.error?.message).toBe('Schemas and Databases check failed for postgres.missing schema.');
  });

  it.each([
    [
      'a filter that is no regular expression',
      { databases: ['postgres', 'hr'], tempTableRegex: '(' },
      {},
      /tempTableRegex/,
    ],
    ['the same with all databases', { databases: 'all', include: { '(': '*' } }, {}, /include/],
    [
      'two sources that write the same names',
      { sources: ['erp', 'twin'] },
      { twin: {} },
      /The sources erp and twin would both write the database default\/postgres\/\d+\/postgres/,
    ],
  ] as const)('refuses %s as a whole', async (_what, extraction, sources, message) => {
    const record = await runExtraction(setup.options(extraction, sources));
    expect(record).toMatchObject({ state: 'failed', error: { class: 'ConfigError' } });
    expect(record.error?.message).toMatch(message);
    expect(await filesBelow(setup.outputFolder)).toEqual([]);
  });

  it('that is cancelled stops, and leaves nothing', async () => {
    const options = setup.options({ databases: ['postgres', 'hr'] });
    const abort = new AbortController();
    const record = await runExtraction({
      ...options,
      signal: abort.signal,
      onProgress: (event) => {
        if (event.type === 'phase-started' && event.phase === 'erp/hr') abort.abort();
      },
    });
    expect(record).toMatchObject({ state: 'cancelled', error: { class: 'CancelledError' } });
    expect(record.databases).toMatchObject([{ database: 'postgres', state: 'extracted' }]);
    expect(await filesBelow(setup.outputFolder)).toEqual([]);
    expect(await filesBelow(join(setup.folder, 'work'))).toEqual([]);
  });

  it('reports how many entities of each type there are while it runs', async () => {
    const facts: string[] = [];
    await runExtraction({
      ...setup.options(),
      onProgress: (event) => event.type === 'phase-noted' && facts.push(event.fact.replaceAll(/ +/g, ' ')),
    });
    expect(facts).toEqual(['database 1', 'schema 2', 'table 2', 'column 3']);
  });

  describe('whose output fails', () => {
    const failing = (method: 'putFile' | 'put' | 'replace', key: RegExp, error: Error): OutputStore => {
      const { output } = setup.options();
      const meet = async (at: string) => {
        if (key.test(at)) throw error;
      };
      return {
        ...output,
        putFile: async (at, path) => {
          if (method === 'putFile') await meet(at);
          await output.putFile(at, path);
        },
        put: async (at, body) => {
          if (method === 'put') await meet(at);
          await output.put(at, body);
        },
        replace: async (at, body, seen) => {
          if (method === 'replace') await meet(at);
          return output.replace(at, body, seen);
        },
      };
    };

    it.each([
      ['putFile', /raw\/column\/1\.parquet$/, new StorageUnavailableError('The disk is away.')],
      ['putFile', /transformed\/database\/2\.json$/, new ConfigError('s3:PutObject is refused.')],
      ['put', /statistics\.json\.ignore$/, new StorageUnavailableError('The disk is away.')],
      ['put', /manifest\.json$/, new StorageUnavailableError('The disk is away.')],
    ] as const)('at %s of %s, fails as a whole and leaves nothing', async (method, key, error) => {
      const options = setup.options({ databases: ['postgres', 'hr'] });
      const record = await runExtraction({ ...options, output: failing(method, key, error) });
      expect(record).toMatchObject({
        state: 'failed',
        error: { class: error.class, message: error.message },
      });
      expect(await filesBelow(setup.outputFolder)).toEqual([]);
    });

    it('at latest.json, leaves it pointing at the previous run', async () => {
      const before = await runExtraction(setup.options());
      const error = new StorageUnavailableError('The disk is away.');
      const record = await runExtraction({ ...setup.options(), output: failing('replace', /latest/, error) });
      expect(record).toMatchObject({ state: 'failed', error: { class: 'StorageUnavailableError' } });
      expect((await readOutput(setup.outputFolder, 'catalogs')).manifest.runId).toBe(before.id);
    });

    it('for a moment, tries again', async () => {
      const options = setup.options();
      let failures = 2;
      const output: OutputStore = {
        ...options.output,
        putFile: async (key, path) => {
          failures -= 1;
          if (failures >= 0) throw new StorageUnavailableError('Away for a moment.');
          await options.output.putFile(key, path);
        },
      };
      const clock = { sleep: async () => {}, now: Date.now };
      const record = await runExtraction({ ...options, output, maxTries: 3, clock });
      expect(record.state).toBe('succeeded');
      await readOutput(setup.outputFolder, 'catalogs');
    });
  });
});
