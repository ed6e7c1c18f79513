import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { latestSchema, manifestSchema } from '../../../shared/extraction/output/manifest.ts';
import { openOutputStore } from '../../../shared/extraction/output/open-output-store.ts';
import { runExtraction } from '../../../shared/extraction/run-extraction.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { createLocalSecretReader } from '../../../shared/source/credentials/secrets.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { assertOutput, filesBelow } from '../../support/extraction/assert-output.ts';
import { assertRawFiles } from '../../support/extraction/raw-files.ts';
import { pythonEnvironment } from '../../support/processes/python.ts';
import { sourceConfig } from '../../support/source/source-config.ts';
import {
  COLLISIONS_DATABASE,
  EMPTY_DATABASE,
  HOSTILE_DATABASE,
  OWNER,
  POSTGRES_18,
  STRANGER,
  startTortureServer,
  TORTURE_DATABASE,
  type TortureServer,
} from '../../support/torture-catalog/create.ts';
import { expectedEntities } from '../../support/torture-catalog/expected-entities.ts';
import { readServerTexts } from '../../support/torture-catalog/server-texts.ts';

const connections = {
  first: { qualifiedName: 'mandant/postgres/1', name: 'one' },
  second: { qualifiedName: 'mandant/postgres/2', name: 'two' },
};

describe('a run over every database of the torture server', () => {
  let server: TortureServer;
  let folder: string;
  beforeAll(async () => {
    // Made on first use, which takes longer than a test may.
    await pythonEnvironment();
    server = await startTortureServer(POSTGRES_18);
    folder = await mkdtemp(join(tmpdir(), 'ferry torture run ü '));
  });
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(['app', 'sdk', 'sdk3'] as const)('leaves a complete output in layout %s', async (layout) => {
    const config = parseConfig(
      JSON.stringify({
        version: 1,
        atlan: { tenant: 'mandant' },
        sources: Object.fromEntries(
          Object.entries(connections).map(([name, connection]) => [
            name,
            { ...sourceConfig({ ...server, database: 'postgres' }, name), connection },
          ]),
        ),
        extractions: { nightly: { sources: ['*'], databases: 'all', output: { layout } } },
      }),
      'ferry.yaml',
    );
    const output = config.extractions.nightly?.output;
    if (!output) throw new Error('The configuration lost its extraction.');
    const state = join(folder, layout);
    const record = await runExtraction({
      config,
      job: 'nightly',
      trigger: { type: 'cli', triggeredBy: 'test' },
      scope: 'test',
      store: createRunStore(createFolderDocumentStore(state)),
      secrets: createLocalSecretReader({
        values: new Map([
          ['first', JSON.stringify(OWNER)],
          ['second', JSON.stringify(STRANGER)],
        ]),
        environment: {},
      }),
      extensionFolders: [PROJECT_EXTENSIONS],
      workFolder: join(folder, 'work'),
      memoryLimitBytes: 256_000_000,
      threads: 1,
      maxTries: 1,
      logger: createLogger({ level: 'silent' }),
      output: await openOutputStore({
        output,
        own: { folder: state },
        client: () => {
          throw new Error('No bucket is named here.');
        },
      }),
    });
    expect(record).toMatchObject({ state: 'succeeded', outcome: 'extracted' });

    const workflow = layout === 'app' ? 'artifacts/nightly' : 'artifacts/apps/postgres/workflows/nightly';
    const run = join(state, workflow, record.id);
    const entities = await assertOutput(run, layout);
    await assertRawFiles(run);
    expect(record.rows).toBe(entities.length);

    const read = async (file: string) => JSON.parse(await readFile(file, 'utf8')) as unknown;
    const manifest = manifestSchema.parse(await read(join(run, 'manifest.json')));
    const all = [COLLISIONS_DATABASE, EMPTY_DATABASE, HOSTILE_DATABASE, TORTURE_DATABASE, 'postgres'];
    const databases = manifest.databases.map(
      ({ source, database, state: one }) => `${source} ${database} ${one}`,
    );
    expect(databases.sort()).toEqual(
      Object.keys(connections)
        .flatMap((source) => all.map((database) => `${source} ${database} extracted`))
        .sort(),
    );
    expect(manifest.state).toBe('succeeded');
    const latest = latestSchema.parse(await read(join(state, workflow, 'latest.json')));
    expect(latest.runId).toBe(record.id);
    expect((await filesBelow(state)).filter((file) => file === latest.manifest)).toHaveLength(1);

    // Of both logins, all that the torture catalog holds, entity by entity.
    const client = await server.connect(TORTURE_DATABASE, STRANGER);
    const texts = await readServerTexts(client);
    await client.end();
    const there = new Map(entities.map((entity) => [entity.attributes.qualifiedName, entity]));
    for (const connection of Object.values(connections)) {
      const facts = {
        database: TORTURE_DATABASE,
        connection,
        tenantId: 'mandant',
        workflowId: 'nightly',
        runId: record.id,
      };
      for (const expected of expectedEntities(facts, server.major, texts)) {
        const { lastSyncRunAt: _, ...attributes } =
          there.get(expected.attributes.qualifiedName)?.attributes ?? {};
        expect({ ...there.get(expected.attributes.qualifiedName), attributes }).toStrictEqual(expected);
      }
    }
  });
});
