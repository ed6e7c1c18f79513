import * as z from 'zod';
import { runRequestSchema } from './records/run-request.ts';

/**
 * What starts a run: a schedule, the API or the watchdog sends it to a job's function. The API has already given the
 * run its id.
 */
export const startEventSchema = z.union([
  z.strictObject({ job: z.string(), scheduledTime: z.string() }),
  runRequestSchema,
]);
export type StartEvent = z.infer<typeof startEventSchema>;
