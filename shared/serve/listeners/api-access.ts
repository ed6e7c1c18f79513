import { answerProblem, ProblemError } from '../../api/problems.ts';
import { isOpenAtlanPath } from '../../atlan/create-atlan-api.ts';
import { isDocsPath } from './docs-pages.ts';
import { isLoopbackName } from './loopback.ts';
import { digest, hasDigest } from './same-secret.ts';

/**
 * Who may use the API: `token`: those who send it as a bearer token; `loopback`: programs on this machine, but no page
 * in its browser; `none`: everyone who can reach it.
 */
export type ApiAccess =
  | { type: 'token' /** Or what reads it: it may be rotated. */; token: string | (() => Promise<string>) }
  | { type: 'loopback' }
  | { type: 'none' };

/** With the token as it is now. */
type CurrentAccess = Exclude<ApiAccess, { type: 'token' }> | { type: 'token'; token: string };

/** Reads the token, if there is one that may be rotated. */
export async function currentAccess(access: ApiAccess): Promise<CurrentAccess> {
  if (access.type !== 'token') return access;
  const { type, token } = access;
  return { type, token: typeof token === 'string' ? token : await token() };
}

const NO_TOKEN = 'Send the API token: Authorization: Bearer <token>.';
const WRONG_TOKEN = 'The token that was sent is not the API token of this Ferry.';

/**
 * Checks whether a request may use the API.
 *
 * @returns the caller, for the record of a run, or the answer that refuses it
 */
export function checkAccess(access: CurrentAccess, request: Request): { caller: string } | Response {
  const { pathname } = new URL(request.url);
  if (pathname === '/healthz' || isOpenAtlanPath(pathname)) return { caller: 'anonymous' };
  switch (access.type) {
    case 'none':
      return { caller: 'anonymous' };
    case 'token': {
      const sent = tokenOf(request, pathname);
      return isTokenIn(sent, access.token)
        ? { caller: 'API token' }
        : answerProblem(
            new ProblemError(401, sent === undefined ? NO_TOKEN : WRONG_TOKEN, {
              headers: {
                'www-authenticate': `${isDocsPath(pathname) ? 'Basic' : 'Bearer'} realm="ferry"`,
              },
            }),
          );
    }
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

/**
 * The token of a request. A browser asks its user for one as the password of a page, and then sends it with each
 * request to this host, also for another site's page: so only pages that change nothing accept it in that form.
 */
function tokenOf({ headers }: Request, pathname: string): string | undefined {
  const header = headers.get('authorization')?.trim() ?? '';
  const [, bearer] = /^Bearer +(\S+)$/i.exec(header) ?? [];
  if (bearer !== undefined || !isDocsPath(pathname)) return bearer;
  const [, basic = ''] = /^Basic +(\S+)$/i.exec(header) ?? [];
  return /^[^:]*:(.*)$/s.exec(Buffer.from(basic, 'base64').toString('utf8'))?.[1];
}

function isTokenIn(given: string | undefined, token: string): boolean {
  return given !== undefined && hasDigest(given, digest(token));
}
