import { checkExtractionJob } from '../checks/check-extraction-job.ts';
import { checkJob } from '../checks/check-job.ts';
import { type CheckResult, failedCheck } from '../checks/check-result.ts';
import { causeOf } from '../checks/group-checks.ts';
import { type JobKind, jobsOfKind } from '../config/job-kind.ts';
import type { ExtractionOutput } from '../config/schema/extraction.ts';
import { DeadlineError } from '../errors.ts';
import { findExtraction } from '../extraction/extraction-work.ts';
import type { OutputStore } from '../extraction/output/output-store.ts';
import type { DocumentStore } from '../runs/documents/document-store.ts';
import type { JobReading } from '../source/job-reading.ts';
import type { Logger } from '../telemetry/logger.ts';
import { formatCount, formatDuration } from '../text/format.ts';
import { nameSome } from '../text/name-some.ts';
import { createFreeMemory } from './pool/free-memory.ts';

export interface StartupCheckOptions extends Omit<JobReading, 'job'> {
  state: Pick<DocumentStore, 'put' | 'get'>;
  openOutput: (output: ExtractionOutput) => Promise<OutputStore>;
  workFolder: string;
  logger: Logger;
  signal: AbortSignal;
  /** How long the checks of a job may take. @default a minute */
  checkMs?: number;
}

const KINDS: readonly JobKind[] = ['sync', 'extraction'];

// After this, a source that does not answer no longer delays the checks of the others.
const CHECK_MS = 60_000;

/**
 * Checks everything that the runs of all jobs need. Logs one line for each job, each cause once of those checks that did
 * not pass, at `debug` the others, and in the end how many jobs are ready.
 *
 * @returns the jobs with a failed check
 */
export async function runStartupChecks(options: StartupCheckOptions): Promise<string[]> {
  const { config, logger, signal } = options;
  const failed: string[] = [];
  const freeMemory = createFreeMemory();
  const jobs = KINDS.flatMap((kind) => Object.keys(jobsOfKind(config, kind)).map((job) => ({ kind, job })));
  const report = new StartupReport(logger);
  for (const { kind, job } of jobs) {
    if (signal.aborted) return failed;
    const results = await check(kind, job, options);
    freeMemory();
    // What was cut short says nothing about the job.
    if (signal.aborted) return failed;
    report.add(job, results);
    if (results.some(({ status }) => status === 'failed')) failed.push(job);
  }
  if (jobs.length > 1) {
    const ready = `${formatCount(jobs.length - failed.length)} of ${formatCount(jobs.length, 'job')} ready`;
    if (failed.length === 0) logger.info(ready);
    else logger.error(`${ready}, not: ${failed.join(', ')}`);
  }
  return failed;
}

/** Logs what the checks of each job found: a cause that many have in common is told with the first of them. */
class StartupReport {
  readonly #logger: Logger;
  /** The job with which each cause was told. */
  readonly #told = new Map<string, string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(job: string, results: readonly CheckResult[]): void {
    const others = new Set<string>();
    for (const result of results) {
      const earlier = this.#log(job, result);
      if (result.status === 'failed' && earlier !== undefined && earlier !== job) others.add(earlier);
    }
    if (results.every(({ status }) => status !== 'failed'))
      this.#logger.info({ job, checks: results.length }, 'ready');
    if (others.size > 0) this.#logger.error({ job }, `check failed, as that of ${nameSome([...others])}`);
  }

  /** @returns the job with which the same cause was told before */
  #log(job: string, result: CheckResult): string | undefined {
    const { check: name, status, detail, hint } = result;
    const level = { ok: 'debug', skipped: 'debug', warning: 'warn', failed: 'error' } as const;
    const cause = `${status} ${causeOf(result)}`;
    const earlier = this.#told.get(cause);
    const isNews = level[status] !== 'debug' && earlier === undefined;
    if (isNews) this.#told.set(cause, job);
    this.#logger[isNews ? level[status] : 'debug'](
      { job, ...(hint === undefined ? {} : { hint }) },
      `check ${status}: ${name}: ${detail}`,
    );
    return earlier;
  }
}

async function check(
  kind: JobKind,
  job: string,
  { openOutput, logger: _logger, checkMs = CHECK_MS, ...options }: StartupCheckOptions,
): Promise<CheckResult[]> {
  const late = new AbortController();
  const timer = setTimeout(() => {
    const hint = 'Find out what the source or Polyteia is doing: ferry check tries the same without a limit.';
    late.abort(
      new DeadlineError(`The checks of this job took longer than ${formatDuration(checkMs)}.`, { hint }),
    );
  }, checkMs);
  const work = { ...options, job, signal: AbortSignal.any([options.signal, late.signal]) };
  try {
    if (kind === 'sync') return await checkJob(work);
    const { output } = findExtraction(options.config, job).extraction;
    return await checkExtractionJob({ ...work, output: await openOutput(output) });
  } catch (error) {
    return [failedCheck('check', error)];
  } finally {
    clearTimeout(timer);
  }
}
