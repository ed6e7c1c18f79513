import { setTimeout as sleep } from 'node:timers/promises';
import { startPatience } from './patience.ts';

/** Asks until there is an answer. Throws with `what` it waited for, as that is by then, when no answer comes in time. */
export async function waitFor<T>(
  what: string | (() => string),
  ask: () => Promise<T | undefined> | T | undefined,
  timeoutMs: number,
): Promise<T> {
  const goesOn = startPatience(timeoutMs);
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (!goesOn()) break;
    await sleep(100);
  }
  throw new Error(`Waited ${timeoutMs / 1000} s for ${typeof what === 'string' ? what : what()}.`);
}
