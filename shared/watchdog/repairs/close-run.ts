import { LostError } from '../../errors.ts';
import { leaseTimes } from '../../runs/leases/lease.ts';
import { isFinished, type RunRecord } from '../../runs/records/run-record.ts';
import type { RunStore } from '../../runs/records/run-store.ts';
import { newRunId } from '../../runs/run-id.ts';
import { killedHint } from '../../runs/run-limits.ts';
import { type Sleep, sleep as sleepByClock } from '../../sleep.ts';

/**
 * Ends the record of a run that was killed and that nothing starts again. It takes the job's lease for that, so it
 * never overwrites a run that has come back to life.
 *
 * @returns false when somebody does work on the job, or the run has ended
 */
export async function closeLostRun(
  store: RunStore,
  job: string,
  runId: string,
  { now, sleep = sleepByClock }: { now: Date; sleep?: Sleep },
): Promise<boolean> {
  const acquisition = await store.acquireLease({
    job,
    runId: newRunId(),
    times: leaseTimes,
    sleep,
  });
  if (acquisition.outcome !== 'acquired') return false;
  const { lease } = acquisition;
  try {
    const record = await store.getOfJob(job, runId);
    if (!record || isFinished(record)) return false;
    const phase = lease.takenFrom?.runId === runId ? lease.takenFrom.phase : undefined;
    await store.save(lost(record, phase, now));
    return true;
  } finally {
    await lease.release().catch(() => {
      // It expires on its own.
    });
  }
}

function lost(record: RunRecord, phase: string | undefined, now: Date): RunRecord {
  const { ingest: _ingest, ...rest } = record;
  const error = new LostError('The run was killed, and nothing started it again.', {
    hint: killedHint(record.kind),
  });
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
