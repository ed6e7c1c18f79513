import type { FerryConfig } from '../config/schema/ferry-config.ts';
import type { SecretReader } from './credentials/secrets.ts';
import type { SessionOptions } from './sessions/session-options.ts';

/**
 * A job of the configuration, and what is needed to read its sources: the same for a run and a check, for every kind of
 * job.
 */
export interface JobReading
  extends Pick<SessionOptions, 'extensionFolders' | 'memoryLimitBytes' | 'threads' | 'refusals'> {
  config: FerryConfig;
  /** Name of the job. */
  job: string;
  secrets: SecretReader;
  /** How many runs this process may have at once. @default 1 */
  runsAtOnce?: number;
}
