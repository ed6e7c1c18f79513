import { kindOfJob } from '../../config/job-kind.ts';
import type { FerryConfig } from '../../config/schema/ferry-config.ts';
import { ConfigError } from '../../errors.ts';
import { describeExtraction, findExtraction } from '../../extraction/extraction-work.ts';
import { measureRun } from '../../runs/measure-run.ts';
import type { RunRecord } from '../../runs/records/run-record.ts';
import type { RunRequest } from '../../runs/records/run-request.ts';
import type { RunStore } from '../../runs/records/run-store.ts';
import { startRecord } from '../../runs/start-record.ts';
import { findSync } from '../../sync/sync-work.ts';

/**
 * Records a run as queued before anybody is told that it will take place. From then on it is not lost with this process:
 * another one begins it.
 *
 * @throws StorageUnavailableError when that cannot be written, so that nothing is promised
 */
export async function recordPromise(
  { job, runId, triggeredBy }: RunRequest,
  config: FerryConfig,
  runs: RunStore,
): Promise<void> {
  const work = { job, config };
  const description =
    kindOfJob(config, job) === 'extraction'
      ? describeExtraction({ ...work, ...findExtraction(config, job) })
      : findSync(work).description;
  const trigger = { type: 'api', triggeredBy } as const;
  const { attempts: _none, ...record } = startRecord(description, runId, { trigger });
  await runs.create({ ...record, state: 'queued' });
}

/**
 * Ends a promised run that can no longer be what was asked for, such as a refused file that a newer result has replaced
 * meanwhile. Otherwise it would be begun again and again.
 */
export async function refusePromise(
  { job, runId }: Pick<RunRequest, 'job' | 'runId'>,
  thrown: unknown,
  runs: RunStore,
): Promise<void> {
  if (!(thrown instanceof ConfigError)) return;
  const record = await runs.getOfJob(job, runId);
  if (record?.state !== 'queued') return;
  const { class: name, message, hint } = thrown;
  const refused: RunRecord = {
    ...record,
    state: 'failed',
    endedAt: new Date().toISOString(),
    error: { class: name, message, ...(hint === undefined ? {} : { hint }) },
  };
  await runs.save(refused);
  measureRun(refused);
}
