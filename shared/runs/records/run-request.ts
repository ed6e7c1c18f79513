import * as z from 'zod';
import { openObject } from '../documents/stored-document.ts';

const sendAgainFields = {
  /** The earlier run whose file to send. */
  runId: z.uuid(),
  why: z.string().optional(),
};
const sendAgain = z.strictObject(sendAgainFields);
const storedSendAgain = openObject(sendAgainFields);

const requestFields = {
  job: z.string(),
  runId: z.uuid(),
  triggeredBy: z.string(),
};
const oneDemand = ({ accept, resend }: { accept?: object | undefined; resend?: object | undefined }) =>
  accept === undefined || resend === undefined;

/**
 * A person's or program's request to start a run. Its id is known beforehand, so the same request delivered twice is
 * one run. An unknown field may ask for something that this release would not do, so such a request is refused.
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

/** The same as it is stored. The function that is started with it must understand what it asks for. */
export const storedRunRequestSchema = openObject({
  ...requestFields,
  accept: storedSendAgain.optional(),
  resend: storedSendAgain.optional(),
}).refine(oneDemand, { error: 'accept or resend, not both' });
export type RunRequest = z.infer<typeof runRequestSchema>;
