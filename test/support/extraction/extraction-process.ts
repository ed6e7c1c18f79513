// A process that runs one extraction and kills itself in the middle: node extraction-process.ts '<json>'
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { createFolderOutputStore } from '../../../shared/extraction/output/folder-output-store.ts';
import { runExtraction } from '../../../shared/extraction/run-extraction.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import type { LeaseTimes } from '../../../shared/runs/leases/lease.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { createLocalSecretReader } from '../../../shared/source/credentials/secrets.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

/** What {@link process.argv} carries. */
export interface ExtractionProcessInput {
  config: unknown;
  secrets: Record<string, string>;
  stateFolder: string;
  workFolder: string;
  outputFolder: string;
  leaseTimes: LeaseTimes;
  runId: string;
  /** The process is killed right before, or right after, a key that ends like this was written. */
  killAt: { moment: 'before' | 'after'; key: string };
}

const input = JSON.parse(process.argv[2] ?? '') as ExtractionProcessInput;
const output = createFolderOutputStore({ folder: input.outputFolder });
async function killedAt<T>(key: string, work: () => Promise<T>): Promise<T> {
  const { killAt } = input;
  if (!key.endsWith(killAt.key)) return work();
  if (killAt.moment === 'after') await work();
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}
await runExtraction({
  config: parseConfig(JSON.stringify(input.config), 'ferry.yaml'),
  job: 'catalogs',
  runId: input.runId,
  trigger: { type: 'cli', triggeredBy: 'test' },
  scope: 'test',
  store: createRunStore(createFolderDocumentStore(input.stateFolder)),
  secrets: createLocalSecretReader({ values: new Map(Object.entries(input.secrets)), environment: {} }),
  output: {
    ...output,
    putFile: (key, path) => killedAt(key, () => output.putFile(key, path)),
    put: (key, body) => killedAt(key, () => output.put(key, body)),
    replace: (key, body, seen) => killedAt(key, () => output.replace(key, body, seen)),
  },
  extensionFolders: [PROJECT_EXTENSIONS],
  workFolder: input.workFolder,
  memoryLimitBytes: 256_000_000,
  threads: 1,
  maxTries: 1,
  leaseTimes: input.leaseTimes,
  logger: createLogger({ level: 'silent' }),
});
