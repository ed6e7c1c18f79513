import type { Readable } from 'node:stream';

// A client's time-outs only cover the time to the first bytes of an answer.
const STALL_MS = 30_000;

/**
 * The content of an object, as long as it keeps coming.
 *
 * @param limitMs how long the answer may stall. @default 30 s
 */
export async function* unlessStalled(body: unknown, limitMs = STALL_MS): AsyncGenerator<Uint8Array> {
  const stream = body as Readable;
  const stalled = Object.assign(new Error('The answer stalled.'), { name: 'TimeoutError' });
  const timer = setTimeout(() => stream.destroy(stalled), limitMs);
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      timer.refresh();
      yield chunk;
    }
  } finally {
    clearTimeout(timer);
  }
}
