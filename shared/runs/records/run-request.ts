import { z } from 'zod';
import { openObject } from '../documents/stored-document.ts';

const sendAgainFields = {
  /** The earlier run whose file is meant. */
  runId: z.uuid(),
  why: z.string().optional(),
};
const sendAgain = z.strictObject(sendAgainFields);
const storedSendAgain = openObject(sendAgainFields);

const requestFields = { job: z.string(), runId: z.uuid(), triggeredBy: z.string() };
const oneDemand = ({ accept, resend }: { accept?: object | undefined; resend?: object | undefined }) =>
  accept === undefined || resend === undefined;

/**
 * What starts a run on somebody's demand. Its id is known beforehand, so that the same request delivered twice is one run. A field that
 * this release does not know may ask for something else than it would do, so that such a demand is refused.
 */
export const runRequestSchema = z
  .strictObject({
    ...requestFields,
    /** Send the file that a guard refused. */
    accept: sendAgain.optional(),
    /** Send the archived file of an earlier run. */
    resend: sendAgain.optional(),
  })
  .refine(oneDemand, { error: 'accept or resend, not both' });

/** The same, as it is kept: what it asks for is for the function to understand that is started with it. */
export const storedRunRequestSchema = openObject({
  ...requestFields,
  accept: storedSendAgain.optional(),
  resend: storedSendAgain.optional(),
}).refine(oneDemand, { error: 'accept or resend, not both' });
export type RunRequest = z.infer<typeof runRequestSchema>;
