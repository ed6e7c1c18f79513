import type { Run } from '../../shared/api/schemas.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';

type Ended = Pick<RunRecord | Run, 'state' | 'error'>;

/** Whether a guard refused the result: nothing broke, and a person may accept it. */
export const isRefused = ({ state, error }: Ended) => state === 'failed' && error?.class === 'GuardError';

/** What became of a run, in the same word everywhere; records and --json call a refused one `failed`. */
export const stateWord = (run: Ended): string => (isRefused(run) ? 'refused' : run.state);
