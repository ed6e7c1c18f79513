import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import type { RunExtractionOptions } from '../../../shared/extraction/extraction-work.ts';
import { createFolderOutputStore } from '../../../shared/extraction/output/folder-output-store.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createRunStore, type RunStore } from '../../../shared/runs/records/run-store.ts';
import { createLocalSecretReader } from '../../../shared/source/credentials/secrets.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import type { PostgresServer } from '../servers/postgres-server.ts';
import { sourceConfig } from '../source/source-config.ts';

/** Where runs of the extraction `catalogs` of source `erp` work, in folders of their own. */
export interface ExtractionSetup extends AsyncDisposable {
  folder: string;
  outputFolder: string;
  store: RunStore;
  /**
   * @param extraction fields of the extraction
   * @param sources more of them, or other fields of `erp`
   */
  options(
    extraction?: Record<string, unknown>,
    sources?: Record<string, Record<string, unknown>>,
  ): RunExtractionOptions;
}

/** What of a run its own process can be given too. */
export function extractionConfig(
  postgres: Pick<PostgresServer, 'host' | 'port' | 'database'>,
  extraction: Record<string, unknown> = {},
  sources: Record<string, Record<string, unknown>> = {},
) {
  const erp = sourceConfig(postgres, 'erp');
  const others = Object.entries(sources).map(([name, fields]) => [name, { ...erp, ...fields }]);
  return {
    version: 1,
    sources: { erp, ...Object.fromEntries(others) },
    extractions: { catalogs: { sources: ['erp'], ...extraction } },
  };
}

/** Makes the folders. */
export async function setUpExtraction(
  postgres: Pick<PostgresServer, 'host' | 'port' | 'database' | 'user' | 'password'>,
): Promise<ExtractionSetup> {
  const folder = await mkdtemp(join(tmpdir(), 'ferry extraction ü '));
  const outputFolder = join(folder, 'output');
  const store = createRunStore(createFolderDocumentStore(join(folder, 'state')));
  const secrets = { erp: JSON.stringify({ username: postgres.user, password: postgres.password }) };
  return {
    folder,
    outputFolder,
    store,
    options: (extraction, sources) => ({
      config: parseConfig(JSON.stringify(extractionConfig(postgres, extraction, sources)), 'ferry.yaml'),
      job: 'catalogs',
      trigger: { type: 'cli', triggeredBy: 'test' },
      scope: 'test',
      store,
      output: createFolderOutputStore({ folder: outputFolder }),
      secrets: createLocalSecretReader({ values: new Map(Object.entries(secrets)), environment: {} }),
      extensionFolders: [PROJECT_EXTENSIONS],
      workFolder: join(folder, 'work'),
      memoryLimitBytes: 256_000_000,
      threads: 1,
      maxTries: 1,
      logger: createLogger({ level: 'silent' }),
    }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
