import type { DocumentStore } from '../runs/documents/document-store.ts';
import type { CheckRequest } from '../runs/records/job-check.ts';
import type { RunRequest } from '../runs/records/run-request.ts';
import type { RunRequestStore } from '../runs/records/run-request-store.ts';
import type { RunStore } from '../runs/records/run-store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { JobIndex } from './jobs/job-index.ts';
import type { LogLine } from './schemas.ts';
import type { SetupHost } from './setup/setup-host.ts';

/** What the API works with. */
export interface ApiDependencies {
  /** The configured jobs. */
  readJobs: () => Promise<JobIndex>;
  runs: RunStore;
  requests: RunRequestStore;
  /** Reads what is stored beside the runs: checks. */
  documents: Pick<DocumentStore, 'get' | 'address'>;
  /**
   * Starts a check of a job without waiting for its end. Gives the id of the check that answers: the request's, or that
   * of one that waits or is under way.
   */
  check: (request: CheckRequest) => Promise<string>;
  /** The log of a run, oldest line first. Absent: the host keeps none that it can read. */
  readLog?: (run: { id: string; job: string }) => Promise<LogLine[]>;
  /**
   * The manifest of an extraction's run; undefined when it no longer exists. Absent: the host has no way to the files.
   */
  readManifest?: (run: { id: string; job: string; manifest: string }) => Promise<unknown>;
  /** Starts a run without waiting for its end; delivering the same request twice must be harmless. */
  start: (request: RunRequest) => Promise<void>;
  /** What a new job can be put together from. Absent: only what the jobs show. */
  setup?: SetupHost;
  logger: Logger;
  /** The time that ids of runs begin with. @default this machine's */
  now?: () => Date;
}

/** What the host of the API passes with each request. */
export interface ApiEnvironment {
  Bindings: {
    /** Who signed it: an ARN on AWS. */
    caller: string;
  };
}
