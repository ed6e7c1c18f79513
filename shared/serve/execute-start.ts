import { asSentence, unknownNameMessage } from '../config/config-problems.ts';
import { kindOfJob } from '../config/job-kind.ts';
import type { ExtractionOutput } from '../config/schema/extraction.ts';
import type { FerryConfig } from '../config/schema/ferry-config.ts';
import { ConfigError } from '../errors.ts';
import { findExtraction } from '../extraction/extraction-work.ts';
import type { OutputStore } from '../extraction/output/output-store.ts';
import { runExtraction } from '../extraction/run-extraction.ts';
import type { RunOptions } from '../runs/job.ts';
import type { RunRecord } from '../runs/records/run-record.ts';
import type { RunRequest } from '../runs/records/run-request.ts';
import type { StartEvent } from '../runs/start-event.ts';
import { scheduleTriggerFrom } from '../runs/trigger.ts';
import type { JobReading } from '../source/job-reading.ts';
import { runSync } from '../sync/run-sync.ts';
import { acceptRefused } from '../sync/upload/accept-refused.ts';
import { resendArchived } from '../sync/upload/resend-archived.ts';

/** What the runs of a process share. */
export type RunSurrounding = Omit<JobReading, 'job'> &
  Omit<RunOptions, 'trigger' | 'runId'> & {
    config: FerryConfig;
    /** Opens the place where an extraction's files go. */
    openOutput: (output: ExtractionOutput) => Promise<OutputStore>;
  };

/**
 * Runs what an event asks for, for either kind of job.
 *
 * @throws ConfigError when the job, or its file, does not exist
 */
export function executeStart(event: StartEvent, options: RunSurrounding): Promise<RunRecord> {
  if ('scheduledTime' in event) {
    const { trigger } = scheduleTriggerFrom(event.scheduledTime, new Date());
    return executeJob({ job: event.job, trigger }, options);
  }
  const { triggeredBy, ...wanted } = event;
  return executeJob({ ...wanted, trigger: { type: 'api', triggeredBy } }, options);
}

/**
 * Runs a job of either kind.
 *
 * @throws ConfigError when the job, or its file, does not exist
 */
export async function executeJob(
  wanted: Pick<RunOptions, 'trigger' | 'runId'> & Pick<RunRequest, 'job' | 'accept' | 'resend'>,
  options: RunSurrounding,
): Promise<RunRecord> {
  const { openOutput, ...common } = options;
  const { accept, resend, ...started } = wanted;
  const { job } = started;
  const { config } = common;
  const kind = kindOfJob(config, job);
  if (kind === undefined) {
    const names = Object.keys({ ...config.syncs, ...config.extractions });
    throw new ConfigError(asSentence(unknownNameMessage('job', job, names)));
  }
  const work = { ...common, ...started };
  if (kind === 'extraction') {
    if (accept || resend)
      throw new ConfigError(`"${job}" is an extraction: it has no files to accept or resend.`);
    return runExtraction({
      ...work,
      output: await openOutput(findExtraction(config, job).extraction.output),
    });
  }
  if (accept) return acceptRefused(work, accept.runId, accept.why);
  if (resend) return resendArchived(work, resend.runId, resend.why);
  return runSync(work);
}
