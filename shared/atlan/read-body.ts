import type { Context } from 'hono';
import type { ApiEnvironment } from '../api/dependencies.ts';
import { assertUncompressed } from '../api/plain-text.ts';
import { readLimited } from '../api/read-limited.ts';
import { hasKeyTwice } from '../config/schema/extraction.ts';
import { AtlanError, wrongBody } from './answers.ts';

type Body = Record<string, unknown>;

/** Larger than any filter that people choose in a form. */
export const MAX_BODY_BYTES = 262_144;

/**
 * The body of a request: an object of JSON.
 *
 * @throws AtlanError (413) for one that is too large, (422) for anything else; ProblemError (415) for a compressed one
 */
export async function readBody(context: Context<ApiEnvironment>): Promise<Body> {
  // A browser sends JSON for another site's page only after it has asked for permission, which nobody gets.
  const type = context.req.header('content-type') ?? 'application/json';
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type))
    throw wrongBody([{ loc: ['body'], msg: 'expected application/json', type: 'content_type' }]);
  assertUncompressed(context.req.raw.headers);
  const text = await readLimited(
    context.req.raw,
    MAX_BODY_BYTES,
    () =>
      new AtlanError(413, `A body may have at most ${MAX_BODY_BYTES} bytes.`, {
        headers: { connection: 'close' },
      }),
  );
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw wrongBody([{ loc: ['body'], msg: 'expected JSON', type: 'json_invalid' }]);
  }
  if (hasKeyTwice(text))
    throw wrongBody([{ loc: ['body'], msg: 'expected no key twice in one object', type: 'json_invalid' }]);
  if (body !== null && typeof body === 'object' && !Array.isArray(body)) return body as Body;
  throw wrongBody([{ loc: ['body'], msg: 'expected an object', type: 'dict_type' }]);
}
