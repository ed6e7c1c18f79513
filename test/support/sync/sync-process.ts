// A process that runs one sync with a lease of a second or two, to be killed or stopped in the middle: node sync-process.ts '<json>'
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import type { ProgressEvent } from '../../../shared/runs/job.ts';
import type { LeaseTimes } from '../../../shared/runs/leases/lease.ts';
import { createRunStore, type RunStore } from '../../../shared/runs/records/run-store.ts';
import { createLocalSecretReader } from '../../../shared/source/credentials/secrets.ts';
import { runSync } from '../../../shared/sync/run-sync.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

/** What {@link process.argv} carries. */
export interface SyncProcessInput {
  config: unknown;
  job: string;
  secrets: Record<string, string>;
  stateFolder: string;
  workFolder: string;
  leaseTimes: LeaseTimes;
  /** How often something that may pass on its own is tried. */
  maxTries?: number;
  /** Given to make two processes the same run. */
  runId?: string;
  /** The process sends itself this signal at the first such moment, so that nothing depends on who is faster. */
  endAt?: { moment: string; signal: NodeJS.Signals };
}

/**
 * Prints what happens, a moment a line: `leased`, `looked` (for an earlier record of the run), then of each phase `started`, `moved` (its first bytes), `renewed` (a heartbeat has
 * written its name), `failed` (and is tried again) and `ended`, such as `started export`. A signal that is sent at one has its effect before the next statement.
 */
function tellMoments(endAt: SyncProcessInput['endAt']): (moment: string) => void {
  const told = new Set<string>();
  return (moment) => {
    if (told.has(moment)) return;
    told.add(moment);
    process.stdout.write(`${moment}\n`);
    if (moment === endAt?.moment) process.kill(process.pid, endAt.signal);
  };
}

/** A store that tells when its lease is given and renewed, and its term. */
function observeLease(store: RunStore, tell: (moment: string) => void): RunStore {
  let held = false;
  return {
    ...store,
    async getOfJob(job, id) {
      const record = await store.getOfJob(job, id);
      if (held) tell('looked');
      return record;
    },
    async acquireLease(options) {
      const acquisition = await store.acquireLease(options);
      if (acquisition.outcome !== 'acquired') return acquisition;
      const { lease } = acquisition;
      held = true;
      process.stdout.write(`term ${lease.term}\n`);
      tell('leased');
      return {
        outcome: 'acquired',
        lease: {
          ...lease,
          async renew(progress) {
            // Looked at before: the run may come into its next phase while this one is written.
            const { phase } = progress;
            await lease.renew(progress);
            if (phase !== undefined) tell(`renewed ${phase}`);
          },
        },
      };
    },
  };
}

function momentOf(event: ProgressEvent): string | undefined {
  if (event.type === 'phase-started') return `started ${event.phase}`;
  if (event.type === 'phase-progressed') return `moved ${event.phase}`;
  if (event.type === 'phase-ended') return `ended ${event.phase}`;
  if (event.type === 'retrying') return `failed ${event.phase}`;
  return undefined;
}

if (import.meta.main) {
  const input = JSON.parse(process.argv[2] ?? '') as SyncProcessInput;
  const tell = tellMoments(input.endAt);
  const record = await runSync({
    config: parseConfig(JSON.stringify(input.config), 'ferry.yaml'),
    job: input.job,
    trigger: { type: 'cli', triggeredBy: 'test' },
    scope: 'test',
    store: observeLease(createRunStore(createFolderDocumentStore(input.stateFolder)), tell),
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
      const moment = momentOf(event);
      if (moment !== undefined) tell(moment);
    },
  });
  process.stdout.write(`record ${JSON.stringify(record)}\n`);
  process.exit(0);
}
