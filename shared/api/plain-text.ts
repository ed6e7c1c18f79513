import { ProblemError } from './problems.ts';

/**
 * Refuses a body that is compressed: its bytes would only be no JSON.
 *
 * @throws ProblemError (415)
 */
export function assertUncompressed(headers: Pick<Headers, 'get'>): void {
  const encoding = headers.get('content-encoding')?.trim() ?? '';
  if (encoding === '' || /^identity$/i.test(encoding)) return;
  throw new ProblemError(415, 'A body must not be compressed: send it without Content-Encoding.', {
    headers: { 'accept-encoding': 'identity' },
  });
}

/**
 * The text of a body, without a byte-order mark.
 *
 * @throws ProblemError (400) for another encoding, whose umlauts would get lost in a password or a reason
 */
export function decodeText(bytes: ArrayBuffer | Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ProblemError(400, 'A body must be UTF-8.', {
      members: { errors: [{ path: 'body', message: 'expected UTF-8' }] },
    });
  }
}
