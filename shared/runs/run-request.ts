import { z } from 'zod';

const sendAgain = z.strictObject({
  /** The earlier run whose file is meant. */
  runId: z.uuid(),
  why: z.string().optional(),
});

/** What starts a run on somebody's demand. Its id is known beforehand, so that the same request delivered twice is one run. */
export const runRequestSchema = z
  .strictObject({
    job: z.string(),
    runId: z.uuid(),
    triggeredBy: z.string(),
    /** Send the file that a guard refused. */
    accept: sendAgain.optional(),
    /** Send the archived file of an earlier run. */
    resend: sendAgain.optional(),
  })
  .refine(({ accept, resend }) => accept === undefined || resend === undefined, {
    error: 'accept or resend, not both',
  });
export type RunRequest = z.infer<typeof runRequestSchema>;
