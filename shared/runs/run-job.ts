import { createHash } from 'node:crypto';
import { CancelledError, DeadlineError, toFerryError } from '../errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { newRunId, scheduledRunId } from './run-id.ts';
import type { RunRecord } from './run-record.ts';
import type { RunStore } from './run-store.ts';
import type { Trigger } from './trigger.ts';
import { createWorkspace } from './workspace.ts';

/** What a run tells while it works; `detail` is a fact about a finished phase, ready to print. */
export type ProgressEvent =
  | { type: 'phase-started'; phase: string }
  | { type: 'phase-progressed'; phase: string; bytes: number }
  | { type: 'phase-ended'; phase: string; durationMs: number; detail?: string };

/** What a job's work may use. */
export interface JobContext {
  /** Private folder, removed after the run whatever happens. */
  folder: string;
  /** Aborted when the run is cancelled or runs out of time; its reason is a FerryError. */
  signal: AbortSignal;
  /** Times a piece of work under a name; an error is recorded with the phase it happened in. */
  phase<T>(name: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T>;
  /** Tells that the phase that runs has moved this many bytes. */
  progress(bytes: number): void;
  warn(message: string): void;
}

/** What is known of a job before it runs. */
export interface JobDescription {
  name: string;
  kind: RunRecord['kind'];
  source: string;
  dataset: string;
  target: string;
  /** Everything that decides what the job does; its hash goes into the record. */
  config: unknown;
}

export interface RunOptions {
  trigger: Trigger;
  /** What makes ids of scheduled runs unique: the stack's name. */
  scope: string;
  store: RunStore;
  /** Folder in which the private one is made. */
  workFolder: string;
  logger: Logger;
  /** Id given to the caller beforehand; made from the trigger when absent. */
  runId?: string;
  signal?: AbortSignal;
  /** When the platform kills the run; it ends itself before that. */
  deadline?: Date;
  onProgress?: (event: ProgressEvent) => void;
}

/** What the work found out, for the record. */
export type JobResult = Pick<RunRecord, 'outcome' | 'rows' | 'bytes' | 'schema' | 'reading'>;

// Left for interrupting DuckDB, removing the folder and writing the record.
const DEADLINE_MARGIN_MS = 10_000;

function startRecord(job: JobDescription, { trigger, scope, runId }: RunOptions): RunRecord {
  const id =
    runId ??
    (trigger.type === 'schedule' ? scheduledRunId(scope, job.name, trigger.scheduledTime) : newRunId());
  return {
    schemaVersion: 1,
    id,
    job: job.name,
    kind: job.kind,
    state: 'running',
    trigger: trigger.type,
    ...(trigger.type === 'schedule'
      ? { scheduledTime: trigger.scheduledTime }
      : { triggeredBy: trigger.triggeredBy }),
    startedAt: new Date().toISOString(),
    source: job.source,
    dataset: job.dataset,
    target: job.target,
    phases: [],
    warnings: [],
    configHash: createHash('sha256').update(JSON.stringify(job.config)).digest('hex'),
  };
}

/** The caller's signal and the deadline as one. */
function limit({ signal, deadline }: RunOptions): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  const cancel = () =>
    controller.abort(
      signal?.reason instanceof CancelledError ? signal.reason : new CancelledError('The run was cancelled.'),
    );
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  const timer =
    deadline &&
    setTimeout(
      () =>
        controller.abort(
          new DeadlineError('The run was about to exceed the time that it has.', {
            hint: 'Read less (a narrower query), make the query faster, or split the job in two: a Lambda function ends after 15 minutes.',
          }),
        ),
      Math.max(0, deadline.getTime() - Date.now() - DEADLINE_MARGIN_MS),
    );
  return {
    signal: controller.signal,
    clear: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
    },
  };
}

/**
 * Runs a job from trigger to record: identity, private folder, phases, deadline, clean-up, record. Never throws for what goes wrong
 * in the job: the record that it returns says so.
 */
export async function runJob(
  job: JobDescription,
  work: (context: JobContext) => Promise<JobResult>,
  options: RunOptions,
): Promise<RunRecord> {
  const record = startRecord(job, options);
  const logger = options.logger.child({ run: record.id, job: job.name });
  const { signal, clear } = limit(options);
  let current: string | undefined;

  const context = (folder: string): JobContext => ({
    folder,
    signal,
    async phase(name, run, detail) {
      signal.throwIfAborted();
      current = name;
      const started = performance.now();
      options.onProgress?.({ type: 'phase-started', phase: name });
      const result = await run();
      const durationMs = Math.round(performance.now() - started);
      record.phases.push({ name, durationMs });
      const fact = detail?.(result);
      logger.debug({ phase: name, durationMs, detail: fact }, 'phase ended');
      options.onProgress?.({
        type: 'phase-ended',
        phase: name,
        durationMs,
        ...(fact === undefined ? {} : { detail: fact }),
      });
      current = undefined;
      return result;
    },
    progress(bytes) {
      if (current !== undefined) options.onProgress?.({ type: 'phase-progressed', phase: current, bytes });
    },
    warn(message) {
      record.warnings.push(message);
      logger.warn(message);
    },
  });

  logger.info({ trigger: record.trigger, triggeredBy: record.triggeredBy }, 'run started');
  const started = performance.now();
  try {
    await options.store.save(record);
    await using workspace = await createWorkspace(options.workFolder);
    Object.assign(record, await work(context(workspace.folder)), { state: 'succeeded' });
  } catch (thrown) {
    const error = toFerryError(signal.aborted ? signal.reason : thrown);
    record.state = error instanceof CancelledError ? 'cancelled' : 'failed';
    record.error = {
      class: error.class,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(current === undefined ? {} : { phase: current }),
    };
  } finally {
    clear();
  }
  record.endedAt = new Date().toISOString();
  record.durationMs = Math.round(performance.now() - started);
  await saveFinal(record, options.store, logger);
  const { id: _id, job: _job, schema: _schema, ...facts } = record;
  logger[record.state === 'succeeded' ? 'info' : 'error'](facts, `run ${record.state}`);
  return record;
}

/** The work is done, or failed, whether or not that can be written down; a missing record must not turn one into the other. */
async function saveFinal(record: RunRecord, store: RunStore, logger: Logger): Promise<void> {
  try {
    await store.save(record);
  } catch (thrown) {
    const error = toFerryError(thrown);
    record.warnings.push(`The record of this run could not be saved: ${error.message}`);
    logger.error({ class: error.class }, error.message);
  }
}
