import { ConfigError, HandOverError, LostError, StorageUnavailableError } from '../../errors.ts';
import type { RunRecord } from '../../runs/records/run-record.ts';
import type { RunRequest } from '../../runs/records/run-request.ts';
import { closeLostRun } from '../../watchdog/repairs/close-run.ts';
import { executeStart, type RunSurrounding } from '../starts/execute-start.ts';
import type { CallerRuns } from './caller-runs.ts';

// A catalog needs little, and such runs do not wait for each other.
const MOST_MEMORY_BYTES = 256_000_000;

const goneWithProcess = () =>
  new LostError('The process that had the credentials of this run has ended.', {
    hint: 'Credentials of callers are stored nowhere: start the workflow again.',
  });

/**
 * Runs an extraction that a caller of Atlan's API has started. One that nobody can continue is closed.
 *
 * @throws as {@link executeStart}
 */
export async function executeCallerRun(
  event: RunRequest,
  callers: Pick<CallerRuns, 'find' | 'forget'>,
  surrounding: RunSurrounding & { signal: AbortSignal },
): Promise<RunRecord> {
  const { job, runId } = event;
  const { store, signal, leaseTimes: times } = surrounding;
  const run = await callers.find(job, runId);
  if (!run) {
    await closeLostRun(store, job, runId, { now: new Date(), error: goneWithProcess(), times });
    const record = await store.getOfJob(job, runId);
    if (!record) throw new ConfigError(`There is no job "${job}".`);
    return record;
  }
  const { config, secrets, isBound } = run;
  const bound = {
    memoryLimitBytes: Math.min(surrounding.memoryLimitBytes, MOST_MEMORY_BYTES),
    signal: boundSignal(signal),
  };
  try {
    const record = await executeStart(event, { ...surrounding, config, secrets, ...(isBound ? bound : {}) });
    callers.forget(runId);
    return record;
  } catch (error) {
    // The only one after which it is tried again.
    if (!(error instanceof StorageUnavailableError)) callers.forget(runId);
    throw error;
  }
}

/** The signal of a run that nobody else can continue: a hand-over ends it. */
function boundSignal(signal: AbortSignal): AbortSignal {
  const own = new AbortController();
  const end = () => own.abort(signal.reason instanceof HandOverError ? goneWithProcess() : signal.reason);
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  return own.signal;
}
