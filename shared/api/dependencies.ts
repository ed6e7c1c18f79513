import type { RunRequest } from '../runs/records/run-request.ts';
import type { RunRequestStore } from '../runs/records/run-request-store.ts';
import type { RunStore } from '../runs/records/run-store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { JobIndex } from './job-index.ts';

/** What the API works with. */
export interface ApiDependencies {
  /** The configured jobs. */
  readJobs: () => Promise<JobIndex>;
  runs: RunStore;
  requests: RunRequestStore;
  /** Starts a run without waiting for its end; delivering the same request twice must be harmless. */
  start: (request: RunRequest) => Promise<void>;
  logger: Logger;
}

/** What the host of the API passes with each request. */
export interface ApiEnvironment {
  Bindings: {
    /** Who signed it: an ARN on AWS. */
    caller: string;
  };
}
