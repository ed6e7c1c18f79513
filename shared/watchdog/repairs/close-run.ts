import { LostError } from '../../errors.ts';
import { type LeaseTimes, leaseTimes } from '../../runs/leases/lease.ts';
import { measureRun } from '../../runs/measure-run.ts';
import { isFinished, type RunRecord } from '../../runs/records/run-record.ts';
import type { RunStore } from '../../runs/records/run-store.ts';
import { newRunId } from '../../runs/run-id.ts';
import { killedHint } from '../../runs/run-limits.ts';
import { type Sleep, sleep as sleepByClock } from '../../sleep.ts';

/**
 * Ends the record of a run that was killed and that nothing starts again. It takes the job's lease for that, so it
 * never overwrites a run that has come back to life.
 *
 * @param options.error why it ended. @default that it was killed
 * @param options.times those of the job's lease. @default as in lease.ts
 * @returns false when somebody does work on the job, or the run has ended
 */
export async function closeLostRun(
  store: RunStore,
  job: string,
  runId: string,
  {
    now,
    error,
    times = leaseTimes,
    sleep = sleepByClock,
  }: { now: Date; error?: LostError; times?: LeaseTimes | undefined; sleep?: Sleep },
): Promise<boolean> {
  const acquisition = await store.acquireLease({
    job,
    runId: newRunId(),
    times,
    sleep,
  });
  if (acquisition.outcome !== 'acquired') return false;
  const { lease } = acquisition;
  try {
    const record = await store.getOfJob(job, runId);
    if (!record || isFinished(record)) return false;
    const phase = lease.takenFrom?.runId === runId ? lease.takenFrom.phase : undefined;
    const closed = lost(record, phase, now, error);
    await store.save(closed);
    measureRun(closed);
    return true;
  } finally {
    await lease.release().catch(() => {
      // It expires on its own.
    });
  }
}

function lost(
  record: RunRecord,
  phase: string | undefined,
  now: Date,
  error = new LostError('The run was killed, and nothing started it again.', {
    hint: killedHint(record.kind),
  }),
): RunRecord {
  const { ingest: _ingest, ...rest } = record;
  return {
    ...rest,
    state: 'failed',
    endedAt: now.toISOString(),
    error: {
      class: error.class,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(phase === undefined ? {} : { phase }),
    },
  };
}
