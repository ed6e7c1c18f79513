import { z } from 'zod';
import { openObject, schemaVersion } from '../documents/stored-document.ts';

/** What became of one database of an extraction. */
const databaseOutcomeSchema = openObject({
  source: z.string(),
  /** Absent where its name is not known: the source could not be asked for it. */
  database: z.string().optional(),
  state: z.enum(['extracted', 'failed']),
  /** How many entities were written of it. */
  entities: z.int().nonnegative(),
  error: openObject({ class: z.string(), message: z.string(), hint: z.string().optional() }).optional(),
});
export type DatabaseOutcome = z.infer<typeof databaseOutcomeSchema>;

/** What is written of every run. Holds no secret and no data value. */
export const runRecordSchema = openObject({
  schemaVersion,
  id: z.uuid(),
  job: z.string(),
  kind: z.enum(['sync', 'extraction']),
  /** `partial`: some databases of an extraction failed, the others are written; `error` says which, and why the first one failed. */
  state: z.enum(['queued', 'running', 'ingesting', 'succeeded', 'partial', 'failed', 'cancelled', 'skipped']),
  /** `unchanged`: the dataset shows the same content already, so nothing was sent. `extracted`: the files of an extraction are written. */
  outcome: z.enum(['uploaded', 'unchanged', 'extracted']).optional(),
  trigger: z.enum(['schedule', 'api', 'cli']),
  /** The caller of the API, the user of the command line; absent for a schedule. */
  triggeredBy: z.string().optional(),
  /** The moment a schedule meant, ISO 8601. */
  scheduledTime: z.string().optional(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  durationMs: z.int().nonnegative().optional(),
  /** One for each time that the run was begun; an earlier one was lost when its process was killed. */
  attempts: z.array(openObject({ startedAt: z.iso.datetime(), lostIn: z.string().optional() })).optional(),
  /** Of a skipped run: the one that held the job's lease. */
  heldBy: z.string().optional(),
  /** Of a sync, as `dataset` and `target`. */
  source: z.string().optional(),
  dataset: z.string().optional(),
  target: z.string().optional(),
  /** Of an extraction: all that it reads, in the order of names. */
  sources: z.array(z.string()).optional(),
  /** Of an extraction: in the order in which they were read. */
  databases: z.array(databaseOutcomeSchema).optional(),
  /** Of an extraction: where its manifest is, an s3:// address or a path. It was written when the run had ended well, or as `partial`. */
  manifest: z.string().optional(),
  phases: z.array(openObject({ name: z.string(), durationMs: z.int().nonnegative() })),
  /** Of a sync's result; of an extraction the number of its entities. */
  rows: z.int().nonnegative().optional(),
  /** Size of the file that was uploaded, which may be CSV; of the Parquet file, while none was. Of an extraction, of all its files. */
  bytes: z.int().nonnegative().optional(),
  schema: z.array(openObject({ name: z.string(), type: z.string() })).optional(),
  /**
   * How the source was read: `statement` is the query as one statement; a duckdbQuery is one transaction over one connection
   * (`single`) or over several that share one snapshot (`parallel`).
   */
  reading: openObject({
    mode: z.enum(['statement', 'single', 'parallel']),
    reason: z.string().optional(),
  }).optional(),
  /** Of the result's content, whatever the order of its rows: the same for the same content. */
  fingerprint: z.string().optional(),
  /** Of an unchanged result: the run whose upload the dataset still shows. */
  unchangedSince: z.uuid().optional(),
  /** Of a run that Polyteia still reads the file of: what it is asked for, and when it had the file. */
  ingest: openObject({ id: z.string(), since: z.iso.datetime() }).optional(),
  /** Whether its file is in the archive, for ferry resend. */
  archived: z.boolean().optional(),
  /** Of a run that sent an earlier run's file: which one, and why. */
  sentFrom: openObject({ runId: z.uuid(), why: z.string().optional() }).optional(),
  warnings: z.array(z.string()),
  /** SHA-256 of the job's configuration: two runs with the same one did the same. */
  configHash: z.string(),
  error: openObject({
    class: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    phase: z.string().optional(),
  }).optional(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

/** Whether nothing more will happen to the run. */
export function isFinished({ state }: Pick<RunRecord, 'state'>): boolean {
  return state !== 'queued' && state !== 'running' && state !== 'ingesting';
}
