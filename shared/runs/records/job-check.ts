import * as z from 'zod';
import type { DocumentStore } from '../documents/document-store.ts';
import { openObject, readDocument, schemaVersion, toStoredText } from '../documents/stored-document.ts';

/** How one check ended. */
export const checkResultSchema = z.object({
  /** What was checked: `secret` or `token`, `DNS`, `TCP`, `login`, …, or `sync <name>`. */
  check: z.string(),
  /** `skipped`: an earlier one that it needs failed. */
  status: z.enum(['ok', 'warning', 'failed', 'skipped']),
  detail: z.string(),
  hint: z.string().optional(),
  /** Class of the error of a failed check. */
  class: z.string().optional(),
});
export type CheckResult = z.infer<typeof checkResultSchema>;

/** How a column of a sync's result would be written. */
export const previewedColumnSchema = openObject({
  name: z.string(),
  /** In the source's words. */
  sourceType: z.string(),
  /** In the Parquet file, in DuckDB's words. */
  type: z.string(),
  /** Why it is converted. */
  reason: z.string().optional(),
  /** Values that fail the run, after "holds": `NaN or Infinity`. */
  refused: z.string().optional(),
});
export type PreviewedColumn = z.infer<typeof previewedColumnSchema>;

/** The newest check of a job: it grows while the check is under way. Holds no data value. */
export const jobCheckSchema = openObject({
  schemaVersion,
  id: z.uuid(),
  job: z.string(),
  requestedBy: z.string(),
  startedAt: z.iso.datetime(),
  /** Absent while it is under way, and when its process was killed. */
  endedAt: z.iso.datetime().optional(),
  checks: z.array(checkResultSchema),
  /** Only for syncs whose source has prepared the query. */
  columns: z.array(previewedColumnSchema).optional(),
});
export type JobCheck = z.infer<typeof jobCheckSchema>;

/** A check that somebody asked for. */
export type CheckRequest = Pick<JobCheck, 'id' | 'job' | 'requestedBy'>;

/** How long a check may take, in ms: one that is older and has not ended was killed. */
export const CHECK_MS = 180_000;

/** Whether somebody works on a check. */
export const isCheckUnderWay = ({ endedAt, startedAt }: JobCheck, now: Date): boolean =>
  endedAt === undefined && now.getTime() - Date.parse(startedAt) < CHECK_MS;

// Below the job, where only its own function writes.
const keyOf = (job: string) => `jobs/${job}/last-check.json`;

/** The newest check of a job; undefined before the first. */
export async function readJobCheck(
  documents: Pick<DocumentStore, 'get' | 'address'>,
  job: string,
): Promise<JobCheck | undefined> {
  const text = await documents.get(keyOf(job));
  if (text === undefined) return undefined;
  return readDocument(jobCheckSchema, text, {
    what: `The last check of ${job}`,
    at: documents.address(keyOf(job)),
    remedy: 'Check the job again.',
  });
}

/** What a check tells while it is under way. */
export interface CheckProgress {
  onCheck: (result: CheckResult) => void;
  onColumns: (columns: readonly PreviewedColumn[]) => void;
}

/**
 * Does a check, and writes down each result when it is known, for whoever watches. The document is for people: that it
 * cannot be written does not end the check.
 *
 * @returns what `check` does
 */
export async function recordJobCheck(
  request: CheckRequest,
  documents: Pick<DocumentStore, 'put'>,
  check: (progress: CheckProgress) => Promise<CheckResult[]>,
): Promise<CheckResult[]> {
  const startedAt = new Date().toISOString();
  const found: JobCheck = { schemaVersion: 1, ...request, startedAt, checks: [] };
  let writing = Promise.resolve();
  // One after the other, each with what is known by then.
  const write = () => {
    writing = writing.then(() => documents.put(keyOf(request.job), toStoredText(found))).catch(() => {});
  };
  write();
  const checks = await check({
    onCheck(result) {
      found.checks.push(result);
      write();
    },
    onColumns(columns) {
      found.columns = [...columns];
    },
  });
  found.checks = checks;
  found.endedAt = new Date().toISOString();
  write();
  await writing;
  return checks;
}
