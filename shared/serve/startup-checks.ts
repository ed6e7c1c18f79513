import { checkExtractionJob } from '../checks/check-extraction-job.ts';
import { checkJob } from '../checks/check-job.ts';
import { type CheckResult, failedCheck } from '../checks/check-result.ts';
import { type JobKind, jobsOfKind } from '../config/job-kind.ts';
import type { ExtractionOutput } from '../config/schema/extraction.ts';
import { DeadlineError } from '../errors.ts';
import { findExtraction } from '../extraction/extraction-work.ts';
import type { OutputStore } from '../extraction/output/output-store.ts';
import type { DocumentStore } from '../runs/documents/document-store.ts';
import type { JobReading } from '../source/job-reading.ts';
import type { Logger } from '../telemetry/logger.ts';
import { formatDuration } from '../text/format.ts';
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

// After this, a source that does not answer no longer delays the checks of the others.
const CHECK_MS = 60_000;

/**
 * Checks everything that the runs of all jobs need. Logs one line for each job, those checks that did not pass, and at
 * `debug` those that did.
 *
 * @returns the jobs with a failed check
 */
export async function runStartupChecks(options: StartupCheckOptions): Promise<string[]> {
  const { config, logger, signal } = options;
  const failed: string[] = [];
  const freeMemory = createFreeMemory();
  const kinds: readonly JobKind[] = ['sync', 'extraction'];
  for (const kind of kinds) {
    for (const job of Object.keys(jobsOfKind(config, kind))) {
      if (signal.aborted) return failed;
      const results = await check(kind, job, options);
      freeMemory();
      // What was cut short says nothing about the job.
      if (signal.aborted) return failed;
      for (const { check: name, status, detail, hint } of results) {
        const level = { ok: 'debug', skipped: 'debug', warning: 'warn', failed: 'error' } as const;
        logger[level[status]](
          { job, ...(hint === undefined ? {} : { hint }) },
          `check ${status}: ${name}: ${detail}`,
        );
      }
      const isReady = results.every(({ status }) => status !== 'failed');
      if (isReady) logger.info({ job, checks: results.length }, 'ready');
      else failed.push(job);
    }
  }
  return failed;
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
