import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { assertUncompressed, decodeText } from './plain-text.ts';
import { ProblemError } from './problems.ts';

/** A reason for the record is the longest text in a request. */
export const MAX_BODY_BYTES = 16_384;

/** A query, or the filters of an extraction, as somebody sets a job up. */
const MAX_SETUP_BYTES = 262_144;

/** Refuses a path that cannot be decoded. */
export const checkPath: MiddlewareHandler = async (context, next) => {
  try {
    decodeURIComponent(new URL(context.req.url).pathname);
  } catch {
    throw new ProblemError(400, 'path: not valid percent-encoding', {
      members: { errors: [{ path: 'path', message: 'not valid percent-encoding' }] },
    });
  }
  await next();
};

/** Refuses a body that is too large. */
const limitTo = (bytes: number): MiddlewareHandler =>
  bodyLimit({
    maxSize: bytes,
    onError: () => {
      throw new ProblemError(413, `A body may have at most ${bytes} bytes.`);
    },
  });
const limitMost = limitTo(MAX_BODY_BYTES);
const limitSetup = limitTo(MAX_SETUP_BYTES);
export const limitBody: MiddlewareHandler = (context, next) =>
  (context.req.path.startsWith('/setup/') ? limitSetup : limitMost)(context, next);

/** Refuses a body that is not JSON in UTF-8, as it is. An empty body counts as no body, whatever its headers say. */
export const checkBody: MiddlewareHandler = async (context, next) => {
  const { req } = context;
  if (req.method === 'POST') {
    const type = req.header('content-type');
    const bytes = await req.arrayBuffer();
    if (bytes.byteLength > 0) assertUncompressed(req.raw.headers);
    if (decodeText(bytes) === '') {
      const headers = new Headers(req.raw.headers);
      headers.delete('content-type');
      req.raw = new Request(req.url, { method: req.method, headers });
    } else if (!/^application\/json\s*(;|$)/i.test(type ?? '')) {
      throw new ProblemError(415, 'A body must be application/json.');
    }
  }
  await next();
};
