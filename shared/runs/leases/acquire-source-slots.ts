import type { Logger } from '../../telemetry/logger.ts';
import type { JobDescription, RunOptions } from '../job.ts';
import type { RunRecord } from '../records/run-record.ts';
import { workDeadline } from '../run-limits.ts';
import { START_PHASE } from '../take-over.ts';
import type { Heartbeat } from './heartbeat.ts';
import { leaseTimes, type Progress } from './lease.ts';
import { QUEUED_PHASE } from './slots.ts';
import { endOfWait, type SlotWaitOptions, waitForSlot } from './wait-for-slot.ts';

/** The right to work on the sources of a job; all slots go back when it is disposed. */
export interface EnteredSources extends AsyncDisposable {
  /** Gives the slot of one source back, or of all; what has none, or no longer, is no error. */
  leave(source?: string): Promise<void>;
}

/**
 * Gets a run the right to work on its sources, waiting as `queued` while as many runs as `maxConcurrentRuns` of one of them allows are at
 * work. The time since the run was queued first becomes a phase; it is no part of the run's `durationMs`.
 *
 * Slots are taken in the order of the sources' names, by every run the same: anyone who waits for a source holds only such as come before it,
 * so that no two runs ever wait for each other.
 *
 * @returns what gives the slots back. The record is `running` then
 * @throws QueuedError when the run may not wait here any longer: its record stays `queued`
 * @throws LeaseLostError, CancelledError, StorageUnavailableError
 */
export async function acquireSourceSlots(
  job: JobDescription,
  record: RunRecord,
  options: RunOptions,
  run: { heartbeat: Heartbeat; progress: Progress; logger: Logger } & Pick<
    SlotWaitOptions,
    'signal' | 'retry'
  >,
): Promise<EnteredSources> {
  const { store, onProgress } = options;
  const { heartbeat, progress, logger, signal, retry } = run;
  const held = new Map<string, AsyncDisposable>();
  const leave = async (source: string) => {
    const slot = held.get(source);
    held.delete(source);
    await slot?.[Symbol.asyncDispose]();
  };
  const leaveAll = async () => {
    await Promise.all([...held.keys()].map(leave));
  };
  const until = endOfWait(options.deadline && workDeadline(options.deadline));
  let saved = false;
  const enter = async (source: string, slots: number) => {
    const claim = { source, slots, job: job.name, runId: record.id };
    const waiter = store.queueForSlot({ ...claim, times: options.leaseTimes ?? leaseTimes });
    const onWait = async (before: number) => {
      onProgress?.({ type: 'queued', source, slots, before });
      if (saved) return;
      record.state = 'queued';
      progress.phase = QUEUED_PHASE;
      await retry(() => store.save(record));
      saved = true;
      logger.info({ source, slots, before }, 'run queued');
    };
    held.set(source, heartbeat.hold(await waitForSlot({ waiter, signal, until, onWait, retry })));
  };
  try {
    for (const [source, slots] of inOrder(job.slots ?? {})) await enter(source, slots);
  } catch (error) {
    await leaveAll();
    throw error;
  }
  if (record.state === 'queued') {
    const durationMs = timeInQueue(record);
    record.phases.push({ name: QUEUED_PHASE, durationMs });
    onProgress?.({ type: 'phase-ended', phase: QUEUED_PHASE, durationMs });
    record.state = 'running';
    // Anyone who is killed from here on was no longer waiting.
    progress.phase = START_PHASE;
  }
  return {
    leave: (source) => (source === undefined ? leaveAll() : leave(source)),
    [Symbol.asyncDispose]: leaveAll,
  };
}

const inOrder = (slots: Readonly<Record<string, number>>) =>
  Object.entries(slots).sort(([a], [b]) => (a < b ? -1 : 1));

/** Since the attempt began that waits, wherever that was: by the clocks of the machines, so that it is no more than a hint. */
function timeInQueue({ attempts, startedAt }: RunRecord): number {
  const since = attempts?.at(-1)?.startedAt ?? startedAt;
  return Math.max(0, Date.now() - Date.parse(since));
}
