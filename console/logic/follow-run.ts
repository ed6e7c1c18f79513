import type { Run } from '../calls/types.ts';
import { isUnderWay } from './phases.ts';

const LIVE_MS = 1_000;
const LOG_MS = 2_000;

/** When a run is asked for again: no more once it has ended, or if there is none. */
export const untilRunEnds = (
  run: Pick<Run, 'state'> | undefined,
  error: { status: number } | undefined,
): number | undefined => (error?.status === 404 || (run && !isUnderWay(run)) ? undefined : LIVE_MS);

/** When a log is asked for again: no more where none is kept. */
export const whileLogged = (_log: unknown, error: { status: number } | undefined): number | undefined =>
  error?.status === 404 ? undefined : LOG_MS;
