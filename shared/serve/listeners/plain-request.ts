import { ProblemError } from '../../api/problems.ts';

/**
 * The library's requests look like those of the Fetch standard, which takes none of them for one: a middleware that
 * makes a new one fails.
 */
export function plainRequest({ url, method, headers, body, signal }: Request): Request {
  const sent = method === 'GET' || method === 'HEAD' ? null : body;
  const whole = sent && { body: ReadableStream.from(wholeOf(sent)), duplex: 'half' as const };
  return new Request(url, { method, headers, signal, ...whole });
}

/** Anybody may break off, or send a body that is none: that is no failure of this server. */
async function* wholeOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch {
    throw new ProblemError(400, 'The body of the request did not arrive whole.', {
      headers: { connection: 'close' },
    });
  }
}
