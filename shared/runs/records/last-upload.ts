import * as z from 'zod';
import { openObject, schemaVersion } from '../documents/stored-document.ts';

const datasetContent = openObject({
  contentType: z.string(),
  size: z.int().nonnegative(),
  uploadedAt: z.string(),
});

/**
 * The last upload of a job, written as soon as Polyteia has the file. It tells the successor of a killed process that
 * there is nothing to upload again, and the next run whether anything has changed.
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
  /** Of the content, whatever the order of its rows (row-fingerprint.ts). */
  fingerprint: z.string().optional(),
  /** If Polyteia reads the file later: what to ask about. */
  ingest: openObject({ id: z.string(), dataset: z.string() }).optional(),
  /** What the dataset showed before. */
  before: datasetContent.optional(),
  /** What the dataset showed about this upload; absent when Polyteia does not report it, or showed something else. */
  shown: datasetContent.optional(),
  /** While the upload of a run that was taken over may still arrive and replace it (look-again.ts). */
  contested: z.boolean().optional(),
  /** Whether it is known how the upload ended. */
  settled: z.boolean(),
});
export type LastUpload = z.infer<typeof lastUploadSchema>;
