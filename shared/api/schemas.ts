import { z } from '@hono/zod-openapi';
import { baselineSchema } from '../runs/records/baseline.ts';
import { jobCheckSchema } from '../runs/records/job-check.ts';
import { RECENT_RUNS } from '../runs/records/recent-runs.ts';
import { runRecordSchema } from '../runs/records/run-record.ts';

/**
 * What the API accepts and returns. `npm run schema` generates openapi.json from here, and requests are checked against
 * it.
 */

const moment = z.iso.datetime();
const state = runRecordSchema.shape.state;
const stale = z
  .boolean()
  .describe(
    'True when the run shows no sign of life: its heartbeat has stopped, or its start was not delivered. Ferry closes the run or takes it over when the job runs next.',
  );

/** A failure, as in RFC 9457. */
export const problemSchema = z
  .strictObject({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().describe('What is wrong, and what to do about it.'),
    errors: z
      .array(z.strictObject({ path: z.string(), message: z.string() }))
      .optional()
      .describe('What is wrong with the request: a path such as `query.limit` or `body.why`.'),
    runId: z.uuid().optional().describe('The run that is in the way.'),
  })
  .openapi('Problem');
export type Problem = z.infer<typeof problemSchema>;

/** Liveness and readiness. */
export const healthSchema = z.strictObject({ status: z.literal('ok') }).openapi('Health');

const runSummary = z
  .strictObject({
    id: z.uuid(),
    state,
    startedAt: moment,
    endedAt: moment.optional(),
    rows: z.int().nonnegative().optional().describe('For an extraction: the number of its entities.'),
    error: z.string().optional().describe('Class of the error (docs/troubleshooting.md).'),
    stale: stale.optional(),
  })
  .openapi('RunSummary');

const jobFields = {
  name: z.string(),
  kind: z.enum(['sync', 'extraction']),
  source: z.string().optional().describe('Syncs only, like `dataset` and `target`.'),
  dataset: z.string().optional(),
  target: z.string().optional(),
  sources: z.array(z.string()).optional().describe('Extractions only: all sources that it reads.'),
  schedule: z
    .strictObject({ expression: z.string(), timezone: z.string(), enabled: z.boolean() })
    .optional()
    .describe('The schedule in AWS; absent for a job that only runs on demand.'),
  running: runSummary.optional().describe('The run that is under way.'),
  lastRun: runSummary.optional().describe('The newest run.'),
  lastEndedRun: runSummary
    .optional()
    .describe('The newest run that ended or was stopped. A skipped one never began, and is not it.'),
  lastGoodRun: runSummary.optional().describe('The newest run that succeeded completely.'),
  overdueSince: moment
    .optional()
    .describe(
      'The planned time of a run that should have begun a quarter of an hour ago and has not. Judged by the newest run: until the job has run once, and after its schedule was changed, only the alerts know.',
    ),
};

/** A job in a list. */
export const jobSchema = z
  .strictObject({
    ...jobFields,
    nextRun: moment
      .optional()
      .describe('Absent when it is unknown: no schedule, or one that counts in minutes.'),
    recentRuns: z
      .array(runSummary)
      .optional()
      .describe('Only if asked for with `runs`: the newest runs that have ended, newest first.'),
  })
  .openapi('Job');
export type Job = z.infer<typeof jobSchema>;

/** A job on its own. */
export const jobDetailSchema = z
  .strictObject({
    ...jobFields,
    nextRuns: z.array(moment),
    skippedRuns: z
      .array(
        z.strictObject({
          from: z.string().describe('The clock right before the change: 2027-03-28T02:00.'),
          to: z.string().describe('The clock right after it.'),
          times: z.array(z.string()).describe('The planned times that do not exist on that day.'),
        }),
      )
      .optional()
      .describe('Planned runs of the next year that a clock change skips; absent when there are none.'),
    baseline: baselineSchema
      .omit({ schemaVersion: true })
      .optional()
      .describe('The last accepted result, which guards compare with.'),
    unreadable: z
      .string()
      .optional()
      .describe(
        'Why the baseline cannot be read, where it is, and what to do. Until then, runs of the job fail.',
      ),
  })
  .openapi('JobDetail');
export type JobDetail = z.infer<typeof jobDetailSchema>;

export const jobListSchema = z.strictObject({ jobs: z.array(jobSchema) }).openapi('JobList');

/** A run: its record, and whether it is alive. A queued run has no record yet. */
export const runSchema = runRecordSchema
  .omit({ schemaVersion: true })
  .partial({ startedAt: true, configHash: true })
  .extend({
    requestedAt: moment.optional().describe('For a queued run: when it was requested.'),
    stale: stale.optional(),
    progress: z
      .strictObject({
        phase: z.string().optional(),
        bytes: z.number().optional(),
        heartbeatAgeMs: z.number().nonnegative(),
      })
      .optional()
      .describe('For a run that is under way: what its last heartbeat reported, and how long ago.'),
    actions: z
      .array(z.enum(['cancel', 'accept', 'resend']))
      .optional()
      .describe('Only for one run: what can be done with it now.'),
  })
  .openapi('Run');
export type Run = z.infer<typeof runSchema>;

export const runListSchema = z
  .strictObject({
    runs: z.array(runSchema),
    unreadable: z
      .array(z.strictObject({ id: z.uuid(), message: z.string() }))
      .optional()
      .describe(
        'Runs of this page whose records are damaged, or from a later release: why, where, and what to do.',
      ),
    next: z.string().optional().describe('`cursor` of the next page; absent on the last.'),
  })
  .openapi('RunList');

/** A run that was asked for. */
export const startedSchema = z
  .strictObject({ runId: z.uuid(), job: z.string(), state })
  .openapi('StartedRun');
export type Started = z.infer<typeof startedSchema>;

export const cancelledSchema = z
  .strictObject({ runId: z.uuid(), job: z.string(), cancelRequested: z.literal(true) })
  .openapi('CancelRequest');

/** A check that was asked for. */
export const checkStartedSchema = z
  .strictObject({ checkId: z.uuid(), job: z.string() })
  .openapi('StartedCheck');

export const shownCheckSchema = jobCheckSchema.omit({ schemaVersion: true }).openapi('JobCheck');

const logLineSchema = z.strictObject({
  time: moment,
  level: z.string(),
  message: z.string(),
});
export type LogLine = z.infer<typeof logLineSchema>;
export const runLogSchema = z.strictObject({ lines: z.array(logLineSchema) }).openapi('RunLog');

/** The manifest is that of docs/extraction.md; its own schema belongs to the extraction. */
export const manifestDocumentSchema = z.looseObject({ schemaVersion: z.int() }).openapi('Manifest');

export const nothingSchema = z.strictObject({});
export const whySchema = z.strictObject({
  why: z.string().trim().min(1).max(500).optional().describe('The reason, for the record.'),
});
export const jobParam = z.object({ job: z.string().openapi({ description: 'Name of the job.' }) });
export const runParam = z.object({ id: z.string().openapi({ description: 'Id of the run.' }) });
export const noQuery = z.strictObject({});
export const jobsQuery = z.strictObject({
  runs: z.coerce
    .number()
    .int()
    .min(0)
    .max(RECENT_RUNS)
    .default(0)
    .describe('How many ended runs of each job to return as `recentRuns`.'),
});
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20).describe('How many runs to return.'),
  cursor: z.uuid().toLowerCase().optional().describe('`next` of the previous page.'),
});
export const keyHeader = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'one to 255 visible ASCII characters')
    .optional()
    .describe(
      'The same key for the same job means the same run, for a week: you can safely repeat a request.',
    ),
});
