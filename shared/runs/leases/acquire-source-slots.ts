import { CancelledError } from '../../errors.ts';
import type { Sleep } from '../../sleep.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { JobDescription, RunOptions } from '../job.ts';
import type { RunRecord } from '../records/run-record.ts';
import { workDeadline } from '../run-limits.ts';
import { START_PHASE } from '../take-over.ts';
import type { Heartbeat } from './heartbeat.ts';
import { leaseTimes, type Progress } from './lease.ts';
import { QUEUED_PHASE } from './slots.ts';
import { endOfWait, type SlotWaitOptions, waitForSlot } from './wait-for-slot.ts';
import { waitToBegin } from './wait-to-begin.ts';

/** The right to use the sources of a job. Disposing of it releases all slots. */
export interface EnteredSources extends AsyncDisposable {
  /** Releases the slot of one source, or of all. A source without a slot is not an error. */
  leave(source?: string): Promise<void>;
}

/**
 * Gets a run the right to use its sources. It waits as `queued` while one of them already has its `maxConcurrentRuns`.
 * The time since the run was first queued becomes a phase, and does not count towards the run's `durationMs`. With
 * `parks`, it does not wait: it leaves a ticket, and is started again.
 *
 * Every run takes its slots in the order of the sources' names. So a run that waits for a source only holds slots of
 * earlier sources, and no two runs ever wait for each other.
 *
 * @returns an object that releases the slots. The record is `running` by then
 * @throws QueuedError when the run may not wait here any longer; its record stays `queued`
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
    if (slot) await store.announceFreeSlot(source);
  };
  const leaveAll = async () => {
    await Promise.all([...held.keys()].map(leave));
  };
  const until = endOfWait(options.deadline && workDeadline(options.deadline));
  /** A parked run has no heartbeat to notice a request: it is started for that, with or without a slot. */
  const assertNotCancelled = async () => {
    const requestedBy = await retry(() => store.findCancelRequest(job.name, record.id));
    if (requestedBy !== undefined) throw new CancelledError(`The run was cancelled by ${requestedBy}.`);
  };
  let saved = false;
  const enter = async (source: string, slots: number) => {
    const claim = { source, slots, job: job.name, runId: record.id };
    const waiter = store.queueForSlot({ ...claim, times: options.leaseTimes ?? leaseTimes });
    // A run that has a slot already waits for the next one here: others could never have all at once.
    const parks = options.parks === true && held.size === 0;
    const onWait = async (before: number) => {
      onProgress?.({ type: 'queued', source, slots, before });
      if (parks) await assertNotCancelled();
      if (saved) return;
      record.state = 'queued';
      progress.phase = QUEUED_PHASE;
      await retry(() => store.save(record));
      saved = true;
      logger.info({ source, slots, before }, 'run queued');
    };
    const sleep: Sleep = (ms, ended) => waitToBegin(ms, ended, options);
    const waiting = { waiter, signal, until, parks, onWait, retry, sleep };
    held.set(source, heartbeat.hold(await waitForSlot(waiting)));
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
    // A run that is killed from here on was no longer waiting.
    progress.phase = START_PHASE;
  }
  return {
    leave: (source) => (source === undefined ? leaveAll() : leave(source)),
    [Symbol.asyncDispose]: leaveAll,
  };
}

const inOrder = (slots: Readonly<Record<string, number>>) =>
  Object.entries(slots).sort(([a], [b]) => (a < b ? -1 : 1));

/** Since the attempt began that waits, on whatever machine: it uses the clocks of machines, so it is only a hint. */
function timeInQueue({ attempts, startedAt }: RunRecord): number {
  const since = attempts?.at(-1)?.startedAt ?? startedAt;
  return Math.max(0, Date.now() - Date.parse(since));
}
