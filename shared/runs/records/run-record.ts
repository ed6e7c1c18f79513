import * as z from 'zod';
import { openObject, schemaVersion } from '../documents/stored-document.ts';

/** How one database of an extraction ended. */
const databaseOutcomeSchema = openObject({
  source: z.string(),
  /** Absent when its name is not known, because Ferry could not ask the source. */
  database: z.string().optional(),
  state: z.enum(['extracted', 'failed']),
  /** How many of its entities were written. */
  entities: z.int().nonnegative(),
  error: openObject({ class: z.string(), message: z.string(), hint: z.string().optional() }).optional(),
});
export type DatabaseOutcome = z.infer<typeof databaseOutcomeSchema>;

/** The record of a run. Contains no secret and no data value. */
export const runRecordSchema = openObject({
  schemaVersion,
  id: z.uuid(),
  job: z.string(),
  kind: z.enum(['sync', 'extraction']),
  /**
   * `partial`: some databases of an extraction failed, the others are written; `error` says which, and why the first
   * one failed.
   */
  state: z.enum(['queued', 'running', 'ingesting', 'succeeded', 'partial', 'failed', 'cancelled', 'skipped']),
  /**
   * `unchanged`: the dataset already shows the same content, so nothing was sent. `extracted`: the files of an
   * extraction are written.
   */
  outcome: z.enum(['uploaded', 'unchanged', 'extracted']).optional(),
  trigger: z.enum(['schedule', 'api', 'cli']),
  /** The caller of the API, the user of the command line; absent for a schedule. */
  triggeredBy: z.string().optional(),
  /** The scheduled time, ISO 8601. */
  scheduledTime: z.string().optional(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  durationMs: z.int().nonnegative().optional(),
  /** One for each time that the run began. An earlier one was lost when its process was killed. */
  attempts: z.array(openObject({ startedAt: z.iso.datetime(), lostIn: z.string().optional() })).optional(),
  /** Only for a skipped run: the run that held the job's lease. */
  heldBy: z.string().optional(),
  /** Only for syncs, as `dataset` and `target`. */
  source: z.string().optional(),
  dataset: z.string().optional(),
  target: z.string().optional(),
  /** Only for extractions: all sources, ordered by name. */
  sources: z.array(z.string()).optional(),
  /** Only for extractions: in the order in which they were read. */
  databases: z.array(databaseOutcomeSchema).optional(),
  /**
   * Only for extractions: the address of the manifest, an s3:// address or a path. It was written if the run ended
   * well, or as `partial`.
   */
  manifest: z.string().optional(),
  phases: z.array(openObject({ name: z.string(), durationMs: z.int().nonnegative() })),
  /** Of a sync's result; for an extraction, the number of entities. */
  rows: z.int().nonnegative().optional(),
  /**
   * Size of the uploaded file, which may be CSV; before an upload, of the Parquet file. For an extraction, of all its
   * files.
   */
  bytes: z.int().nonnegative().optional(),
  schema: z.array(openObject({ name: z.string(), type: z.string() })).optional(),
  /**
   * How the source was read: `statement` is the query as one statement; a duckdbQuery is one transaction over one
   * connection (`single`). `parallel` is either over several connections that share one snapshot.
   */
  reading: openObject({
    mode: z.enum(['statement', 'single', 'parallel']),
    /** Only for a query that was read in parallel: how many read its rows. */
    connections: z.int().min(2).optional(),
    reason: z.string().optional(),
  }).optional(),
  /** Of the result's content, whatever the order of its rows: the same for the same content. */
  fingerprint: z.string().optional(),
  /** Only for an unchanged result: the run whose upload the dataset still shows. */
  unchangedSince: z.uuid().optional(),
  /** Only while Polyteia is reading the file: what to ask about, and when Polyteia had the file. */
  ingest: openObject({ id: z.string(), since: z.iso.datetime() }).optional(),
  /** Whether its file is in the archive, for ferry resend. */
  archived: z.boolean().optional(),
  /** Only for a run that sent an earlier run's file: which one, and why. */
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

/** Whether the run is finished for good. */
export function isFinished({ state }: Pick<RunRecord, 'state'>): boolean {
  return state !== 'queued' && state !== 'running' && state !== 'ingesting';
}
