import { createHash, timingSafeEqual } from 'node:crypto';
import { answerProblem, ProblemError } from '../api/problems.ts';

/**
 * Who may use the API: `token`: those who send it as a bearer token; `loopback`: programs on this machine, but no page
 * in its browser; `none`: everyone who can reach it.
 */
export type ApiAccess = { type: 'token'; token: string } | { type: 'loopback' } | { type: 'none' };

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Names by which a program on this machine reaches it. */
const isLoopbackName = (host: string) => /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);

/** Whether an address belongs to this machine alone, so that nobody else can reach it. */
export const isLoopbackAddress = (host: string) => /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);

/**
 * Checks whether a request may use the API.
 *
 * @returns the caller, for the record of a run, or the answer that refuses it
 */
export function checkAccess(access: ApiAccess, request: Request): { caller: string } | Response {
  const { pathname } = new URL(request.url);
  if (pathname === '/healthz') return { caller: 'anonymous' };
  switch (access.type) {
    case 'none':
      return { caller: 'anonymous' };
    case 'token':
      return isTokenIn(request.headers.get('authorization'), access.token)
        ? { caller: 'API token' }
        : answerProblem(
            new ProblemError(401, 'Send the API token: Authorization: Bearer <token>.', {
              headers: { 'www-authenticate': 'Bearer realm="ferry"' },
            }),
          );
    case 'loopback': {
      // A web page can make a browser on this machine send requests, under any name that it resolves to this machine.
      const { headers } = request;
      const foreign =
        !isLoopbackName(headers.get('host') ?? '') ||
        headers.has('origin') ||
        /^(cross-site|same-site)$/.test(headers.get('sec-fetch-site') ?? '');
      return foreign
        ? answerProblem(
            new ProblemError(403, 'Without a token, the API only answers programs on this machine.'),
          )
        : { caller: 'this machine' };
    }
  }
}

/** In constant time, so that the duration of a refusal reveals nothing about the token. */
function isTokenIn(header: string | null, token: string): boolean {
  const [, given] = /^Bearer +(\S+)$/i.exec(header?.trim() ?? '') ?? [];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}
