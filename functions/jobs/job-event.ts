import { z } from 'zod';
import { runRequestSchema } from '../../shared/runs/records/run-request.ts';

/** What starts a run: a schedule, or a request to the API, which has given the run its id already. */
const startEventSchema = z.union([
  z.strictObject({ job: z.string(), scheduledTime: z.string() }),
  runRequestSchema,
]);
export type StartEvent = z.infer<typeof startEventSchema>;

/** What a function takes: the start of a run, or the question whether one could work (`ferry --stack NAME check`). */
export const jobEventSchema = z.union([
  startEventSchema,
  z.strictObject({ job: z.string(), check: z.literal(true) }),
]);
