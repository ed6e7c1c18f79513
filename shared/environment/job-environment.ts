import * as z from 'zod';
import { logLevels } from '../telemetry/log-settings.ts';

/**
 * The environment of a function that runs jobs. Its construct takes the same type, so a forgotten variable is a compile
 * error.
 */
export const jobEnvironmentSchema = z.object({
  /** Bucket of run records. */
  STATE_BUCKET: z.string().min(1),
  /** Where the deployment put this function's part of the configuration. */
  CONFIG_BUCKET: z.string().min(1),
  CONFIG_KEY: z.string().min(1),
  /** Makes the ids of scheduled runs unique. */
  STACK_NAME: z.string().min(1),
  LOG_LEVEL: z.enum(logLevels),
});
export type JobEnvironment = z.infer<typeof jobEnvironmentSchema>;

/** The variables that Lambda adds. */
export const lambdaEnvironmentSchema = z.object({
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: z.coerce.number().int().positive(),
});
