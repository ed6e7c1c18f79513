import { z } from 'zod';
import { startEventSchema } from '../../shared/runs/start-event.ts';

/** What a function accepts: the start of a run, or the question whether one would work (`ferry --stack NAME check`). */
export const jobEventSchema = z.union([
  startEventSchema,
  z.strictObject({ job: z.string(), check: z.literal(true) }),
]);
