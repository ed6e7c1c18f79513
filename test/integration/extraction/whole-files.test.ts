import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { StorageUnavailableError } from '../../../shared/errors.ts';
import type { OutputStore } from '../../../shared/extraction/output/output-store.ts';
import { runExtraction } from '../../../shared/extraction/run-extraction.ts';
import { assertOutput } from '../../support/extraction/assert-output.ts';
import { inFormOfApp } from '../../support/extraction/atlan-contract.ts';
import { type ExtractionSetup, setUpExtraction } from '../../support/extraction/extraction-setup.ts';
import { assertRawFiles } from '../../support/extraction/raw-files.ts';
import { filesBelow } from '../../support/extraction/read-output.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

// Version 3 of Atlan's SDK has one file for each type and form, so the databases of a run share them.

const FOLDER = 'artifacts/apps/postgres/workflows/catalogs';
const output = { layout: 'sdk3', application: 'postgres' };
const databases = ['postgres', 'broken', 'leer', 'Fluß "ü"'];

let postgres: PostgresServer;
let setup: ExtractionSetup;
beforeAll(async () => {
  postgres = await startPostgres({ hba: ['host broken all all reject'] });
  for (const name of databases.slice(1))
    await postgres.query(`CREATE DATABASE "${name.replaceAll('"', '""')}"`);
  await postgres.query(
    `CREATE TABLE "Straße" (id int PRIMARY KEY, note text); CREATE VIEW "Grüße" AS SELECT id FROM "Straße"; COMMENT ON TABLE "Straße" IS E'Zeile 1\\nZeile 2 \u2028'`,
  );
});
beforeEach(async () => {
  setup = await setUpExtraction(postgres);
});
afterEach(() => setup[Symbol.asyncDispose]());
afterAll(() => postgres?.stop());

const keysOf = (runId: string, types: readonly string[]) =>
  [
    ...types.map((type) => `raw/${type}/records.json`),
    ...types.map((type) => `transformed/${type}/entities.json`),
  ].map((name) => `${FOLDER}/${runId}/${name}`);

/** The store of the run, which refuses some files. */
const refusing = (
  { output: store }: { output: OutputStore },
  refuses: (key: string) => boolean,
): OutputStore => ({
  ...store,
  putFile: async (key, path) => {
    if (refuses(key)) throw new StorageUnavailableError('The disk is away.');
    await store.putFile(key, path);
  },
});

describe('the files of layout sdk3', () => {
  it('hold all databases but those that failed, one after the other', async () => {
    const record = await runExtraction(setup.options({ databases, output }));
    expect(record).toMatchObject({ state: 'partial', error: { class: 'AuthError' } });
    const run = join(setup.outputFolder, FOLDER, record.id);
    const entities = await assertOutput(run, 'sdk3');
    await assertRawFiles(run);
    expect(
      entities.filter(({ typeName }) => typeName === 'Database').map(({ attributes }) => attributes.name),
    ).toEqual(['postgres', 'leer', 'Fluß "ü"']);
    expect(record.rows).toBe(entities.length);

    const manifest = JSON.parse(await readFile(join(run, 'manifest.json'), 'utf8'));
    // Only one database has tables; none has a routine.
    expect(manifest.files.map(({ key }: { key: string }) => key)).toEqual(
      keysOf(record.id, ['column', 'database', 'schema', 'table']),
    );
    for (const file of manifest.files) {
      expect(Object.keys(file).sort()).toEqual(['bytes', 'form', 'key', 'rows', 'sha256', 'type']);
      const content = await readFile(join(setup.outputFolder, file.key));
      expect(createHash('sha256').update(content).digest('hex')).toBe(file.sha256);
    }
    expect(manifest).toMatchObject({ layout: 'sdk3', state: 'partial' });
    expect(
      manifest.databases.map(({ database, state }: Record<string, string>) => `${database} ${state}`),
    ).toEqual(['postgres extracted', 'broken failed', 'leer extracted', 'Fluß "ü" extracted']);
    const latest = JSON.parse(await readFile(join(setup.outputFolder, FOLDER, 'latest.json'), 'utf8'));
    expect(latest.manifest).toBe(`${FOLDER}/${record.id}/manifest.json`);
    expect(await filesBelow(join(setup.folder, 'work'))).toEqual([]);
  });

  it('say the same as those of layout app, in another form', async () => {
    const read = async (layout: string, name: string, types: readonly string[]) => {
      const record = await runExtraction(setup.options({ databases: ['postgres'], output: { layout } }));
      const manifest = JSON.parse(await readFile(String(record.manifest), 'utf8'));
      const files = manifest.files as { key: string; form: string; type: string }[];
      const ofTypes = types.map(
        (type) => files.find((file) => file.form === name && file.type === type)?.key ?? '',
      );
      const texts = await Promise.all(ofTypes.map((key) => readFile(join(setup.outputFolder, key), 'utf8')));
      return texts.map((text) =>
        text
          .replaceAll(/"lastSyncRun(At)?":("[^"]*"|\d+),?/g, '')
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as object),
      );
    };
    const types = ['database', 'schema', 'table', 'column'];
    const [app, sdk3] = [await read('app', 'transformed', types), await read('sdk3', 'transformed', types)];
    expect(sdk3.map((lines) => lines.map(inFormOfApp))).toEqual(app);
    const named = (name: string) =>
      sdk3.flat().find((line) => 'attributes' in line && (line.attributes as { name: string }).name === name);
    const uniqueAttributes = { qualifiedName: expect.stringMatching(/\/postgres\/public\/Straße$/) };
    expect(named('note')).toMatchObject({
      relationshipAttributes: { table: { typeName: 'Table', uniqueAttributes } },
    });
    expect(named('Straße')).toMatchObject({
      attributes: { ...uniqueAttributes, description: 'Zeile 1 Zeile 2' },
      relationshipAttributes: { atlanSchema: { typeName: 'Schema' } },
    });
  });

  it('are uploaded again after a failure that passes', async () => {
    const options = setup.options({ databases: ['postgres', 'leer'], output });
    let failures = 2;
    const record = await runExtraction({
      ...options,
      maxTries: 3,
      clock: { sleep: async () => {}, now: Date.now },
      output: refusing(options, () => {
        failures -= 1;
        return failures >= 0;
      }),
    });
    expect(record.state).toBe('succeeded');
    await assertOutput(join(setup.outputFolder, FOLDER, record.id), 'sdk3');
  });

  it('are all removed when one cannot be written', async () => {
    const options = setup.options({ databases: ['postgres', 'leer'], output });
    const failing = refusing(options, (key) => key.endsWith('transformed/table/entities.json'));
    const record = await runExtraction({ ...options, output: failing });
    expect(record).toMatchObject({ state: 'failed', error: { message: 'The disk is away.' } });
    expect(await filesBelow(setup.outputFolder)).toEqual([]);
    expect(await filesBelow(join(setup.folder, 'work'))).toEqual([]);
  });

  it('leave nothing behind when a run is cancelled between two databases', async () => {
    const abort = new AbortController();
    const record = await runExtraction({
      ...setup.options({ databases: ['postgres', 'leer'], output }),
      signal: abort.signal,
      onProgress: (event) => {
        if (event.type === 'phase-started' && event.phase === 'erp/leer') abort.abort();
      },
    });
    expect(record).toMatchObject({
      state: 'cancelled',
      databases: [{ database: 'postgres', state: 'extracted' }],
    });
    expect(await filesBelow(setup.outputFolder)).toEqual([]);
    expect(await filesBelow(join(setup.folder, 'work'))).toEqual([]);
  });
});
