import type { DocumentStore } from '../runs/documents/document-store.ts';
import type { Clock } from '../sleep.ts';
import type { ApiAccess } from './api-access.ts';
import type { Listening } from './bounded-server.ts';
import type { RunSurrounding } from './execute-start.ts';

/** What a process that keeps schedules works with. */
export interface ServeOptions
  extends Pick<
    RunSurrounding,
    | 'config'
    | 'secrets'
    | 'openOutput'
    | 'extensionFolders'
    | 'memoryLimitBytes'
    | 'threads'
    | 'workFolder'
    | 'logger'
    | 'leaseTimes'
    | 'onProgress'
  > {
  documents: DocumentStore;
  /** Makes the ids of scheduled runs unique: the same for all replicas. */
  name: string;
  /** How many runs work at once. */
  maxRuns: number;
  /** How long after its planned time a missed start is made up for. */
  catchUpMs: number;
  /** How long runs may continue after the signal. */
  graceMs: number;
  /** The time after which a run gives up. */
  timeoutMs: number;
  healthPort: number;
  /** Undefined: no API. */
  api: { host: string; port: number; access: ApiAccess } | undefined;
  /** Whether a failed check ends the process, as with the Go connector. */
  exitOnFailedCheck: boolean;
  /** Ends it. */
  signal: AbortSignal;
  /** Called when both listeners answer. */
  onListening?: (addresses: { health: Listening; api: Listening | undefined }) => void;
  /** How often to look for unfinished runs, in ms. @default as in run-recovery.ts */
  lookMs?: number;
  /** How long the start-up checks of a job may take, in ms. @default as in startup-checks.ts */
  checkMs?: number;
  /** @default the real one */
  clock?: Clock;
}
