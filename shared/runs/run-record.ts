import { z } from 'zod';

/** What is written of every run. Holds no secret and no data value. */
export const runRecordSchema = z.strictObject({
  schemaVersion: z.literal(1),
  id: z.uuid(),
  job: z.string(),
  kind: z.enum(['sync']),
  state: z.enum(['queued', 'running', 'ingesting', 'succeeded', 'failed', 'cancelled', 'skipped']),
  /** `unchanged`: the dataset shows the same content already, so nothing was sent. */
  outcome: z.enum(['uploaded', 'unchanged']).optional(),
  trigger: z.enum(['schedule', 'api', 'cli']),
  /** The caller of the API, the user of the command line; absent for a schedule. */
  triggeredBy: z.string().optional(),
  /** The moment a schedule meant, ISO 8601. */
  scheduledTime: z.string().optional(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  durationMs: z.int().nonnegative().optional(),
  /** One for each time that the run was begun; an earlier one was lost when its process was killed. */
  attempts: z
    .array(z.strictObject({ startedAt: z.iso.datetime(), lostIn: z.string().optional() }))
    .optional(),
  /** Of a skipped run: the one that held the job's lease. */
  heldBy: z.string().optional(),
  source: z.string(),
  dataset: z.string(),
  target: z.string(),
  phases: z.array(z.strictObject({ name: z.string(), durationMs: z.int().nonnegative() })),
  rows: z.int().nonnegative().optional(),
  /** Size of the file that was uploaded, which may be CSV; of the Parquet file, while none was. */
  bytes: z.int().nonnegative().optional(),
  schema: z.array(z.strictObject({ name: z.string(), type: z.string() })).optional(),
  /**
   * How the source was read: `statement` is the query as one statement; a duckdbQuery is one transaction over one connection
   * (`single`) or over several that share one snapshot (`parallel`).
   */
  reading: z
    .strictObject({ mode: z.enum(['statement', 'single', 'parallel']), reason: z.string().optional() })
    .optional(),
  /** Of the result's content, whatever the order of its rows: the same for the same content. */
  fingerprint: z.string().optional(),
  /** Of an unchanged result: the run whose upload the dataset still shows. */
  unchangedSince: z.uuid().optional(),
  /** Of a run that Polyteia still reads the file of: what it is asked for, and when it had the file. */
  ingest: z.strictObject({ id: z.string(), since: z.iso.datetime() }).optional(),
  /** Whether its file is in the archive, for ferry resend. */
  archived: z.boolean().optional(),
  /** Of a run that sent an earlier run's file: which one, and why. */
  sentFrom: z.strictObject({ runId: z.uuid(), why: z.string().optional() }).optional(),
  warnings: z.array(z.string()),
  /** SHA-256 of the job's configuration: two runs with the same one did the same. */
  configHash: z.string(),
  error: z
    .strictObject({
      class: z.string(),
      message: z.string(),
      hint: z.string().optional(),
      phase: z.string().optional(),
    })
    .optional(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

/** Whether nothing more will happen to the run. */
export function isFinished({ state }: Pick<RunRecord, 'state'>): boolean {
  return state !== 'queued' && state !== 'running' && state !== 'ingesting';
}
