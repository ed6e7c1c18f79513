// A machine that stands still counts as little: what is waited for stood still with it.
const LONGEST_STEP_MS = 1_000;

/**
 * Says how long to go on asking: true until `timeoutMs` have passed while this process ran. Call it at least each second.
 * A virtual machine may stand still for half a minute; by its clock a server would then be late that had no time at all.
 */
export function startPatience(timeoutMs: number, now: () => number = Date.now): () => boolean {
  let passed = 0;
  let last = now();
  return () => {
    const moment = now();
    passed += Math.min(Math.max(moment - last, 0), LONGEST_STEP_MS);
    last = moment;
    return passed < timeoutMs;
  };
}
