import { type Attributes, metrics } from '@opentelemetry/api';
import { ERROR_TYPE, JOB_KIND, JOB_NAME, RUN_STATE } from '../telemetry/attributes.ts';
import { SCOPE } from '../telemetry/in-span.ts';
import { QUEUED_PHASE } from './leases/slots.ts';
import { isFinished, type RunRecord } from './records/run-record.ts';

// Instruments are looked up with each use: those made before something listens would never do anything. The SDK gives
// the same one for the same name.
const meter = () => metrics.getMeter(SCOPE);

/** From a run of nothing to one of a function's whole time, and beyond. */
const SECONDS = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600];
const inSeconds = { unit: 's', advice: { explicitBucketBoundaries: SECONDS } };

const jobOf = ({ job, kind }: Pick<RunRecord, 'job' | 'kind'>): Attributes => ({
  [JOB_NAME]: job,
  [JOB_KIND]: kind,
});

/** Counts a run that has ended, and what it moved. */
export function measureRun(record: RunRecord): void {
  if (!isFinished(record)) return;
  const { state, error, durationMs, rows, bytes } = record;
  const job = jobOf(record);
  const ended = { ...job, [RUN_STATE]: state, ...(error ? { [ERROR_TYPE]: error.class } : {}) };
  meter().createCounter('ferry.runs', { unit: '{run}', description: 'Runs that have ended' }).add(1, ended);
  // A run that never began says nothing about how long the job takes.
  if (state === 'skipped') return;
  if (durationMs !== undefined)
    meter()
      .createHistogram('ferry.run.duration', { ...inSeconds, description: 'How long runs have worked' })
      .record(durationMs / 1_000, { ...job, [RUN_STATE]: state });
  if (rows !== undefined)
    meter()
      .createCounter('ferry.run.rows', { unit: '{row}', description: 'Rows, or entities of extractions' })
      .add(rows, job);
  if (bytes !== undefined)
    meter().createCounter('ferry.run.io', { unit: 'By', description: 'Size of the files' }).add(bytes, job);
  const waited = record.phases.find(({ name }) => name === QUEUED_PHASE);
  if (waited)
    meter()
      .createHistogram('ferry.slot.wait', {
        ...inSeconds,
        description: 'How long runs have waited for a slot of their source',
      })
      .record(waited.durationMs / 1_000, job);
}

/** Notes how late a scheduled run begins. */
export function measureStart(record: RunRecord): void {
  const { scheduledTime, startedAt } = record;
  if (scheduledTime === undefined || (record.attempts?.length ?? 1) > 1) return;
  meter()
    .createHistogram('ferry.schedule.lag', { ...inSeconds, description: 'How late scheduled runs begin' })
    .record(Math.max(0, Date.parse(startedAt) - Date.parse(scheduledTime)) / 1_000, jobOf(record));
}

/** Counts a failure that is tried again. */
export function measureRetry(record: Pick<RunRecord, 'job' | 'kind'>, errorType: string): void {
  meter()
    .createCounter('ferry.run.retries', { unit: '{retry}', description: 'Failures that were tried again' })
    .add(1, { ...jobOf(record), [ERROR_TYPE]: errorType });
}

/** Counts a start that finds the lease of its job taken. */
export function measureContention(
  record: Pick<RunRecord, 'job' | 'kind'>,
  outcome: 'busy' | 'duplicate',
): void {
  meter()
    .createCounter('ferry.lease.contention', {
      unit: '{start}',
      description: 'Starts that found the lease of their job taken',
    })
    .add(1, { ...jobOf(record), 'ferry.lease.outcome': outcome });
}
