import { decodeText } from './plain-text.ts';

/**
 * Reads the body of a request as text, and stops as soon as too much has come, whatever the headers promise.
 *
 * @param maxBytes of the body as it is sent
 * @param refusal what is thrown for a larger one; the answer must end the connection, because the rest is not read
 */
export async function readLimited(
  { body, headers }: Pick<Request, 'body' | 'headers'>,
  maxBytes: number,
  refusal: () => Error,
): Promise<string> {
  if (Number(headers.get('content-length') ?? 0) > maxBytes) throw refusal();
  if (!body) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw refusal();
    chunks.push(chunk);
  }
  return decodeText(Buffer.concat(chunks));
}
