import type { Scheduler } from '../../config/schedule/eventbridge-schedule.ts';
import type { ColumnsQuestion, DescribedQuery, Setup } from './setup-schemas.ts';

/** What a host adds to the routes below `/setup`. */
export interface SetupHost {
  /** Sources and targets. @default those that the jobs show */
  names?: Pick<Setup, 'sources' | 'targets' | 'tenant' | 'ca'>;
  acceptsCredentials: boolean;
  startsNew: boolean;
  /** Who will keep the schedules. */
  scheduler: Scheduler;
  /**
   * Has a source prepare a query. Absent: not from here.
   *
   * @param signal nobody waits for the answer any more
   * @throws ProblemError
   */
  describe?: (question: ColumnsQuestion, signal: AbortSignal) => Promise<DescribedQuery>;
}
