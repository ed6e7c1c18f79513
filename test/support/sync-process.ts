// A process that runs one sync with a lease of a second or two, to be killed or stopped in the middle: node sync-process.ts '<json>'
import { PROJECT_EXTENSIONS } from '../../cli/session-options.ts';
import { parseConfig } from '../../shared/config/load-config.ts';
import { createFolderDocumentStore } from '../../shared/runs/folder-document-store.ts';
import type { LeaseTimes } from '../../shared/runs/lease.ts';
import { createRunStore } from '../../shared/runs/run-store.ts';
import { createLocalSecretReader } from '../../shared/source/secrets.ts';
import { runSync } from '../../shared/sync/run-sync.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';

/** What {@link process.argv} carries. */
export interface SyncProcessInput {
  config: unknown;
  job: string;
  secrets: Record<string, string>;
  stateFolder: string;
  workFolder: string;
  leaseTimes: LeaseTimes;
  /** How often something that may pass by itself is tried. */
  maxTries?: number;
  /** Given to make two processes the same run. */
  runId?: string;
}

if (import.meta.main) {
  const input = JSON.parse(process.argv[2] ?? '') as SyncProcessInput;
  const record = await runSync({
    config: parseConfig(JSON.stringify(input.config), 'ferry.yaml'),
    job: input.job,
    trigger: { type: 'cli', triggeredBy: 'test' },
    scope: 'test',
    store: createRunStore(createFolderDocumentStore(input.stateFolder)),
    secrets: createLocalSecretReader({ values: new Map(Object.entries(input.secrets)), environment: {} }),
    extensionFolders: [PROJECT_EXTENSIONS],
    workFolder: input.workFolder,
    memoryLimitBytes: 256_000_000,
    threads: 1,
    logger: createLogger({ level: 'silent' }),
    leaseTimes: input.leaseTimes,
    ...(input.maxTries === undefined ? {} : { maxTries: input.maxTries }),
    ...(input.runId === undefined ? {} : { runId: input.runId }),
    onProgress: (event) => {
      if (event.type === 'phase-started') process.stdout.write(`phase ${event.phase}\n`);
    },
  });
  process.stdout.write(`record ${JSON.stringify(record)}\n`);
  process.exit(0);
}
