import { z } from 'zod';
import { toFerryError } from '../errors.ts';

/** How one check ended. */
export const checkResultSchema = z.object({
  /** What was checked: `secret` or `token`, `DNS`, `TCP`, `login`, …, or `sync <name>`. */
  check: z.string(),
  /** `skipped`: an earlier one that it needs failed. */
  status: z.enum(['ok', 'warning', 'failed', 'skipped']),
  detail: z.string(),
  hint: z.string().optional(),
  /** Class of the error of a failed check. */
  class: z.string().optional(),
});
export type CheckResult = z.infer<typeof checkResultSchema>;

/** A failed check, from what it threw. */
export function failedCheck(check: string, thrown: unknown): CheckResult {
  const { message, hint, class: name } = toFerryError(thrown);
  return { check, status: 'failed', detail: message, class: name, ...(hint === undefined ? {} : { hint }) };
}

/** A check that was skipped because an earlier one failed. */
export function skippedCheck(check: string): CheckResult {
  return { check, status: 'skipped', detail: 'not tried' };
}
