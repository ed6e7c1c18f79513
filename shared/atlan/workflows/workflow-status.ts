import type { Run } from '../../api/schemas.ts';

/** What the app says about a run, in Temporal's words. */
export type WorkflowStatus = 'RUNNING' | 'COMPLETED' | 'FAILED' | 'TIMED_OUT' | 'TERMINATED' | 'CANCELED';

/**
 * The status of a run. One that lost some of its databases counts as failed: a caller that waits for COMPLETED would take
 * what is missing for deleted. A run that was stopped is terminated, and one that found another run under way canceled.
 */
export function statusOf({ state, error }: Pick<Run, 'state' | 'error'>): WorkflowStatus {
  switch (state) {
    case 'queued':
    case 'running':
    case 'ingesting':
      return 'RUNNING';
    case 'succeeded':
      return 'COMPLETED';
    case 'partial':
      return 'FAILED';
    case 'failed':
      return error?.class === 'DeadlineError' ? 'TIMED_OUT' : 'FAILED';
    case 'cancelled':
      return 'TERMINATED';
    case 'skipped':
      return 'CANCELED';
  }
}

/** How long a run has been under way, or took, in whole seconds. */
export function secondsOf({ startedAt, endedAt }: Pick<Run, 'startedAt' | 'endedAt'>, now: number): number {
  if (startedAt === undefined) return 0;
  const end = endedAt === undefined ? now : Date.parse(endedAt);
  return Math.max(0, Math.floor((end - Date.parse(startedAt)) / 1_000));
}
