import { z } from 'zod';
import { logLevels } from '../../shared/telemetry/logger.ts';

/** The environment of the API function. Its construct takes the same type, so a forgotten variable is a compile error. */
export const apiEnvironmentSchema = z.object({
  /** Bucket of run records. */
  STATE_BUCKET: z.string().min(1),
  /** Where the deployment put the index of jobs. */
  CONFIG_BUCKET: z.string().min(1),
  CONFIG_KEY: z.string().min(1),
  /** JSON: source → name of the function that runs its syncs. Names are CloudFormation's, so no asset can hold them. */
  SYNC_FUNCTIONS: z.string().min(2),
  LOG_LEVEL: z.enum(logLevels),
});
export type ApiEnvironment = z.infer<typeof apiEnvironmentSchema>;
