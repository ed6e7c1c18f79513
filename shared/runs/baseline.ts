import { z } from 'zod';

/** The last accepted result of a job: what guards compare the next one with. */
export const baselineSchema = z.strictObject({
  schemaVersion: z.literal(1),
  runId: z.string(),
  /** When it became the baseline, ISO 8601. */
  at: z.iso.datetime(),
  rows: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  schema: z.array(z.strictObject({ name: z.string(), type: z.string() })),
});
export type Baseline = z.infer<typeof baselineSchema>;
