import { kindOfJob } from '../../config/job-kind.ts';
import type { ExtractionOutput } from '../../config/schema/extraction.ts';
import type { FerryConfig } from '../../config/schema/ferry-config.ts';
import { asSentence, unknownNameMessage } from '../../config/unknown-name.ts';
import { ConfigError } from '../../errors.ts';
import { executeExtraction } from '../../extraction/execute-extraction.ts';
import type { OutputStore } from '../../extraction/output/output-store.ts';
import type { RunOptions } from '../../runs/job.ts';
import type { RunRecord } from '../../runs/records/run-record.ts';
import type { RunRequest } from '../../runs/records/run-request.ts';
import { deadlineOfOwn } from '../../runs/run-limits.ts';
import type { StartEvent } from '../../runs/start-event.ts';
import { scheduleTriggerFrom } from '../../runs/trigger.ts';
import type { JobReading } from '../../source/job-reading.ts';
import { executeSync } from '../../sync/execute-sync.ts';

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
  const { accept: _accept, resend: _resend, ...started } = wanted;
  const { job } = started;
  const { config } = common;
  const kind = kindOfJob(config, job);
  if (kind === undefined) {
    const names = Object.keys({ ...config.syncs, ...config.extractions });
    throw new ConfigError(asSentence(unknownNameMessage('job', job, names)));
  }
  const work = { ...common, ...started };
  return kind === 'extraction' ? executeExtraction(work, wanted, openOutput) : executeSync(work, wanted);
}

/** How long a run may take that nothing but itself ends. */
export const limitedTo = (timeoutMs: number) => ({
  deadline: deadlineOfOwn(timeoutMs),
  deadlineHint: 'Check what the source is doing. If the run needs more time, allow it: --timeout.',
});
