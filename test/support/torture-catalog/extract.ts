import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { type ExtractedDatabase, extractDatabase } from '../../../shared/extraction/extract-database.ts';
import type { ExtractDatabaseOptions } from '../../../shared/extraction/extract-options.ts';
import { SourceSession } from '../../../shared/source/sessions/session.ts';
import { assertEntityFiles } from '../extraction/assert-output.ts';
import type { AtlanEntity } from '../extraction/atlan-contract.ts';
import { sourceConfig } from '../source/source-config.ts';
import type { TortureServer } from './create.ts';
import type { RunFacts } from './expected-entities.ts';

/** What the entities of these extractions have in common, but for the database. */
export const RUN: Omit<RunFacts, 'database'> = {
  connection: { qualifiedName: 'mandant/postgres/1234567890', name: 'ERP "ü"' },
  tenantId: 'mandant',
  workflowId: 'nightly',
  runId: '019667f9-31e9-77b0-b7c0-b901bd30d140',
};

/** One database extracted, its files checked against the contract, and read. */
export interface TortureExtraction extends AsyncDisposable {
  result: ExtractedDatabase;
  entities: AtlanEntity[];
  /** Milliseconds before and after. */
  from: number;
  until: number;
}

/** How the extraction differs from others. */
export interface TortureOptions extends Partial<Omit<ExtractDatabaseOptions, 'session'>> {
  /** Fields of the source. */
  source?: Record<string, unknown>;
}

/** Extracts a database of the torture server; the folder of the files is removed when disposed of. */
export async function extractTorture(
  server: Pick<TortureServer, 'host' | 'port'>,
  database: string,
  login: { username: string; password: string },
  { source: fields = {}, ...options }: TortureOptions = {},
): Promise<TortureExtraction> {
  const folder = await mkdtemp(join(tmpdir(), 'ferry torture ü '));
  const dispose = () => rm(folder, { recursive: true, force: true });
  const { sources } = parseConfig(
    JSON.stringify({
      version: 1,
      sources: { erp: { ...sourceConfig({ ...server, database }, 'erp'), ...fields } },
      syncs: {},
    }),
    'ferry.yaml',
  );
  const source = sources.erp;
  if (!source) throw new Error('The configuration lost its source.');
  const from = Date.now();
  try {
    const session = await SourceSession.open({
      source,
      login: { ...login, host: server.host, port: server.port, database },
      folder,
      extensionFolders: [PROJECT_EXTENSIONS],
      memoryLimitBytes: 256_000_000,
      threads: 2,
      mode: 'exact',
    });
    let result: ExtractedDatabase;
    try {
      result = await extractDatabase({
        session,
        ...RUN,
        filters: { include: {}, exclude: {}, tempTableRegex: '' },
        rowsPerFile: { raw: 100_000, transformed: 100_000 },
        ...options,
      });
    } finally {
      session.close();
    }
    const until = Date.now();
    const transformed = result.files.filter(({ form }) => form === 'transformed');
    const entities = await assertEntityFiles(transformed, {
      details: options.details ?? false,
      layout: options.relationsBeside ? 'sdk3' : 'app',
    });
    return { result, entities, from, until, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
