import * as z from 'zod';
import { languages } from '../config/schema/language.ts';
import { logLevels } from '../telemetry/log-settings.ts';

/** The environment of the watchdog. Its construct takes the same type, so a forgotten variable is a compile error. */
export const watchdogEnvironmentSchema = z.object({
  /** Bucket of run records. */
  STATE_BUCKET: z.string().min(1),
  /** Where the deployment put the index of watched jobs. */
  CONFIG_BUCKET: z.string().min(1),
  CONFIG_KEY: z.string().min(1),
  /** Names of the functions that run jobs, separated by commas; the index refers to positions in this list. */
  FUNCTIONS: z.string().min(1),
  /** Makes the ids of scheduled runs unique. */
  STACK_NAME: z.string().min(1),
  DEAD_LETTERS_URL: z.string().min(1),
  API_URL: z.string().min(1),
  /** Empty without a topic. */
  TOPIC_ARN: z.string(),
  /** Name or ARN of the secret with the webhook's address; empty without a webhook. */
  WEBHOOK_SECRET: z.string(),
  /** Of messages to people. */
  LANGUAGE: z.enum(languages),
  LOG_LEVEL: z.enum(logLevels),
});
export type WatchdogEnvironment = z.infer<typeof watchdogEnvironmentSchema>;

/** The variables that Lambda adds. */
export const lambdaEnvironmentSchema = z.object({ AWS_REGION: z.string().min(1) });
