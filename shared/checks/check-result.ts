import { toFerryError } from '../errors.ts';
import type { CheckResult } from '../runs/records/job-check.ts';

export { type CheckResult, checkResultSchema } from '../runs/records/job-check.ts';

/** A failed check, from what it threw. */
export function failedCheck(check: string, thrown: unknown): CheckResult {
  const { message, hint, class: name } = toFerryError(thrown);
  return { check, status: 'failed', detail: message, class: name, ...(hint === undefined ? {} : { hint }) };
}

/** A check that was skipped because an earlier one failed. */
export function skippedCheck(check: string): CheckResult {
  return { check, status: 'skipped', detail: 'not tried' };
}
