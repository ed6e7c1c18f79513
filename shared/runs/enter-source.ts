import type { Logger } from '../telemetry/logger.ts';
import type { Heartbeat } from './heartbeat.ts';
import { leaseTimes, type Progress } from './lease.ts';
import type { JobDescription, RunOptions } from './run-job.ts';
import { workDeadline } from './run-limits.ts';
import type { RunRecord } from './run-record.ts';
import { QUEUED_PHASE } from './slots.ts';
import { START_PHASE } from './take-over.ts';
import { endOfWait, type SlotWaitOptions, waitForSlot } from './wait-for-slot.ts';

/**
 * Gets a run the right to work on its source, waiting as `queued` while as many runs as `maxConcurrentRuns` allows are at work. The
 * time since the run was queued first becomes a phase; it is no part of the run's `durationMs`.
 *
 * @returns what gives the slot back; undefined where the source has no limit. The record is `running` then
 * @throws QueuedError when the run may not wait here any longer: its record stays `queued`
 * @throws LeaseLostError, CancelledError, StorageUnavailableError
 */
export async function enterSource(
  job: JobDescription,
  record: RunRecord,
  options: RunOptions,
  run: { heartbeat: Heartbeat; progress: Progress; logger: Logger } & Pick<
    SlotWaitOptions,
    'signal' | 'retry'
  >,
): Promise<AsyncDisposable | undefined> {
  const { store, onProgress } = options;
  const { heartbeat, progress, logger, signal, retry } = run;
  const slots = job.maxConcurrentRuns;
  let slot: AsyncDisposable | undefined;
  if (slots !== undefined) {
    let saved = false;
    const claim = { source: job.source, slots, job: job.name, runId: record.id };
    const waiter = store.queueForSlot({ ...claim, times: options.leaseTimes ?? leaseTimes });
    const onWait = async (before: number) => {
      onProgress?.({ type: 'queued', source: job.source, slots, before });
      if (saved) return;
      record.state = 'queued';
      progress.phase = QUEUED_PHASE;
      await retry(() => store.save(record));
      saved = true;
      logger.info({ source: job.source, slots, before }, 'run queued');
    };
    const until = endOfWait(options.deadline && workDeadline(options.deadline));
    slot = heartbeat.hold(await waitForSlot({ waiter, signal, until, onWait, retry }));
  }
  if (record.state === 'queued') {
    const durationMs = timeInQueue(record);
    record.phases.push({ name: QUEUED_PHASE, durationMs });
    onProgress?.({ type: 'phase-ended', phase: QUEUED_PHASE, durationMs });
    record.state = 'running';
    // Whoever is killed from here on was no longer waiting.
    progress.phase = START_PHASE;
  }
  return slot;
}

/** Since the attempt began that waits, wherever that was: by the clocks of the machines, so that it is no more than a hint. */
function timeInQueue({ attempts, startedAt }: RunRecord): number {
  const since = attempts?.at(-1)?.startedAt ?? startedAt;
  return Math.max(0, Date.now() - Date.parse(since));
}
