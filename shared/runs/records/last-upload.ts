import { z } from 'zod';
import { openObject, schemaVersion } from '../documents/stored-document.ts';

const datasetContent = openObject({
  contentType: z.string(),
  size: z.int().nonnegative(),
  uploadedAt: z.string(),
});

/**
 * The last upload of a job, written as soon as Polyteia has the file: anyone who comes after a killed process knows from it that there is
 * nothing to upload again, and the next run whether anything has changed since.
 */
export const lastUploadSchema = openObject({
  schemaVersion,
  runId: z.uuid(),
  /** When Polyteia had the file, ISO 8601. */
  at: z.iso.datetime(),
  target: z.string(),
  dataset: z.string(),
  rows: z.int().nonnegative(),
  /** Of the file that was sent. */
  bytes: z.int().nonnegative(),
  contentType: z.string(),
  schema: z.array(openObject({ name: z.string(), type: z.string() })),
  /** Content, whatever the order of its rows (row-fingerprint.ts). */
  fingerprint: z.string().optional(),
  /** Where Polyteia reads the file on its own: what to ask for. */
  ingest: openObject({ id: z.string(), dataset: z.string() }).optional(),
  /** What the dataset showed before. */
  before: datasetContent.optional(),
  /** What the dataset showed of this upload; absent where Polyteia does not report it, or showed something else. */
  shown: datasetContent.optional(),
  /** While the upload of a run that was taken over may still arrive and replace it (look-again.ts). */
  contested: z.boolean().optional(),
  /** Whether it is known how the upload ended. */
  settled: z.boolean(),
});
export type LastUpload = z.infer<typeof lastUploadSchema>;
