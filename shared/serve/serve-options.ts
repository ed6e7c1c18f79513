import type { DocumentStore } from '../runs/documents/document-store.ts';
import type { Clock } from '../sleep.ts';
import type { CallerRules } from './callers/sent-source.ts';
import type { ApiAccess } from './listeners/api-access.ts';
import type { Listening } from './listeners/bounded-server.ts';
import type { RunSurrounding } from './starts/execute-start.ts';

/** What callers of Atlan's REST API may do, and what they are told. */
export interface AtlanSettings {
  rules: CallerRules;
  /** In answers, and in keys of the `sdk` and `sdk3` layouts. */
  applicationName: string;
  /** How long the definition of a workflow is kept. */
  configDays: number;
}

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
  /** The folder of the state, if it is one: old files of extractions in it are removed. */
  stateFolder?: string | undefined;
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
  /** The metrics of the process as Prometheus text, for the listener of probes; undefined: none are kept. */
  scrape?: (() => Promise<string>) | undefined;
  /** Undefined: no API. */
  api: { host: string; port: number; access: ApiAccess } | undefined;
  /** The pages of the console, beside the API. @default those of the bundle; without a bundle there is none */
  consoleFolder?: string;
  /** For callers of Atlan's REST API, which is part of the API. */
  atlan?: AtlanSettings;
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
