import * as z from 'zod';
import { probeRequestSchema } from '../../shared/checks/probe-request.ts';
import { queryProbeSchema } from '../../shared/checks/query-probe.ts';
import { startEventSchema } from '../../shared/runs/start-event.ts';

/**
 * What a function accepts: the start of a run, the question whether one would work (`ferry --stack NAME check`, or the API's), or a
 * question about a source: its catalog (Atlan's REST API), or the columns of a query.
 */
export const jobEventSchema = z.union([
  startEventSchema,
  probeRequestSchema,
  queryProbeSchema,
  z.strictObject({
    job: z.string(),
    check: z.literal(true),
    /** Only for a check that the API was asked for: where its results are looked for. */
    id: z.uuid().optional(),
    requestedBy: z.string().optional(),
  }),
]);
