import type { RunRecord } from '../../runs/records/run-record.ts';
import type { RunRequest } from '../../runs/records/run-request.ts';
import { scheduledRunId } from '../../runs/run-id.ts';
import type { StartEvent } from '../../runs/start-event.ts';

/**
 * The event that starts a run again as the same run: the run id follows from the planned time, or is in the request.
 *
 * @param scope makes the ids of scheduled runs unique; older runs in an adopted bucket may have had another one
 * @param request what a caller of the API asked for, if still stored
 */
export function startEventOf(record: RunRecord, request: RunRequest | undefined, scope: string): StartEvent {
  const { id, job, trigger, scheduledTime, triggeredBy = 'watchdog', sentFrom } = record;
  if (
    trigger === 'schedule' &&
    scheduledTime !== undefined &&
    scheduledRunId(scope, job, scheduledTime) === id
  )
    return { job, scheduledTime };
  if (request) return request;
  // Without it, the record shows that the run sends an earlier file.
  const resend = sentFrom && {
    runId: sentFrom.runId,
    ...(sentFrom.why === undefined ? {} : { why: sentFrom.why }),
  };
  return { job, runId: id, triggeredBy, ...(resend ? { resend } : {}) };
}
