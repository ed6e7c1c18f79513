import type { Channel } from './channel.ts';

// Whoever reads only the end of a log should see it there.
const AGAIN_MS = 3_600_000;

interface Trouble {
  /** What was said of it last. */
  said: string;
  at: number;
  /** How many messages failed since. */
  unsaid: number;
}

/** In this process, as its channels are: a channel that is no longer used takes its trouble with it. */
const troubles = new WeakMap<Channel, Trouble>();

/**
 * Notes that a message did not get through. A channel that is broken fails for every message of every round.
 *
 * @returns how many others failed unsaid, when it is time to say it: it is new, another one, or an hour ago
 */
export function noteTrouble(channel: Channel, message: string, now: number): number | undefined {
  const known = troubles.get(channel);
  if (known?.said === message && now - known.at < AGAIN_MS) {
    known.unsaid += 1;
    return undefined;
  }
  troubles.set(channel, { said: message, at: now, unsaid: 0 });
  return known?.unsaid ?? 0;
}

/** Notes that a message got through. @returns whether that is news */
export const noteSuccess = (channel: Channel): boolean => troubles.delete(channel);
