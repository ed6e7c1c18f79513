import type { FerryConfig } from '../config/schema/ferry-config.ts';
import type { SecretReader } from './credentials/secrets.ts';
import type { SessionOptions } from './session-options.ts';

/** A job of the configuration, and what its sources are read with: the same for a run and a check, of each kind of job. */
export interface JobReading
  extends Pick<SessionOptions, 'extensionFolders' | 'memoryLimitBytes' | 'threads'> {
  config: FerryConfig;
  /** Name of the job. */
  job: string;
  secrets: SecretReader;
}
