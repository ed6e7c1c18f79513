import * as z from 'zod';
import { indexedJobSchema } from '../api/jobs/job-index.ts';
import { logLevels } from '../telemetry/log-settings.ts';

/**
 * The environment of the API function. Its construct takes the same type, so a forgotten variable is a compile error.
 */
export const apiEnvironmentSchema = z.object({
  /** Where the deployment put the index of jobs. */
  CONFIG_BUCKET: z.string().min(1),
  CONFIG_KEY: z.string().min(1),
  /** Bucket of run records. */
  STATE_BUCKET: z.string().min(1),
  /**
   * Names of the functions that run jobs, separated by commas; the index refers to positions in this list.
   * CloudFormation generates the names, so no asset can contain them, and only the names are here because Lambda allows
   * 4 KB for all variables together.
   */
  FUNCTIONS: z.string().min(1),
  LOG_LEVEL: z.enum(logLevels),
});
export type ApiEnvironment = z.infer<typeof apiEnvironmentSchema>;

/** The index of jobs, with the function that runs each: its position in FUNCTIONS, from 0. */
export const deployedJobIndexSchema = z.record(
  z.string(),
  indexedJobSchema.extend({ function: z.int().nonnegative() }),
);
export type DeployedJobIndex = z.infer<typeof deployedJobIndexSchema>;
