import * as z from 'zod';
import { openObject, schemaVersion } from '../documents/stored-document.ts';

/** The last accepted result of a job: guards compare the next one with it. */
export const baselineSchema = openObject({
  schemaVersion,
  runId: z.string(),
  /** When it became the baseline, ISO 8601. */
  at: z.iso.datetime(),
  rows: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  schema: z.array(openObject({ name: z.string(), type: z.string() })),
});
export type Baseline = z.infer<typeof baselineSchema>;
