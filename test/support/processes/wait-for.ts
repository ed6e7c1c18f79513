import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until there is an answer. Throws with `what` it waited for, as that is by then, when no answer comes in time. */
export async function waitFor<T>(
  what: string | (() => string),
  ask: () => Promise<T | undefined> | T | undefined,
  timeoutMs: number,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() >= end) break;
    // However long the machine sleeps meanwhile, it asks again.
    await sleep(100);
  }
  throw new Error(`Waited ${timeoutMs / 1000} s for ${typeof what === 'string' ? what : what()}.`);
}
