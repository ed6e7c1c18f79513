import type { RunRecord } from '../runs/records/run-record.ts';
import type { RunRequest } from '../runs/records/run-request.ts';
import { runSync } from './run-sync.ts';
import type { RunSyncOptions } from './sync-work.ts';
import { acceptRefused } from './upload/accept-refused.ts';
import { resendArchived } from './upload/resend-archived.ts';

/**
 * Runs a sync, or sends the kept file of an earlier run where that is wanted.
 *
 * @throws ConfigError when there is no such sync, or no such file
 */
export function executeSync(
  work: RunSyncOptions,
  { accept, resend }: Pick<RunRequest, 'accept' | 'resend'>,
): Promise<RunRecord> {
  if (accept) return acceptRefused(work, accept.runId, accept.why);
  if (resend) return resendArchived(work, resend.runId, resend.why);
  return runSync(work);
}
