import { StateError } from '../../errors.ts';
import type { RunRecord } from './run-record.ts';
import type { RunRecords } from './run-records.ts';

/**
 * Reads the record of another run, in order to close it. An unreadable record stays as it is, because this run does not
 * depend on it.
 *
 * @param warn is called with what is wrong with it, and what to do
 */
export async function readOtherRun(
  store: Pick<RunRecords, 'getOfJob'>,
  job: string,
  id: string,
  warn: (message: string) => void,
): Promise<RunRecord | undefined> {
  try {
    return await store.getOfJob(job, id);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    warn([error.message, error.hint ?? ''].join(' ').trim());
    return undefined;
  }
}
