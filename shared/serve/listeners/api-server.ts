import type { Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Api } from '../../api/api.ts';
import { answerProblem, PRIVATE_HEADERS, ProblemError } from '../../api/problems.ts';
import { inAtlanForm, isAtlanPath } from '../../atlan/create-atlan-api.ts';
import { type ApiAccess, checkAccess, currentAccess } from './api-access.ts';
import { createBoundedServer } from './bounded-server.ts';
import { createDocsPages, isDocsPath } from './docs-pages.ts';
import { plainRequest } from './plain-request.ts';

// Methods that the Fetch standard has no Request for.
const FORBIDDEN_METHODS = new Set(['TRACE', 'TRACK', 'CONNECT']);

/**
 * The API of the AWS stack, with the same router, as a server in this process.
 *
 * @param console answers what is below `/console`, and lets people in itself. Absent: there is none
 */
export function createApiServer(
  api: Pick<Api, 'fetch'>,
  access: ApiAccess,
  console?: (request: Request) => Promise<Response>,
): Server {
  const pages = createDocsPages();
  const listener = getRequestListener(
    async (request) => {
      if (console && isConsolePath(new URL(request.url).pathname)) return console(plainRequest(request));
      const allowed = checkAccess(await currentAccess(access), request);
      if (allowed instanceof Response)
        return isAtlanPath(new URL(request.url).pathname) ? inAtlanForm(allowed) : allowed;
      const { pathname } = new URL(request.url);
      return (isDocsPath(pathname) && isRead(request) ? pages : api).fetch(plainRequest(request), allowed);
    },
    {
      // The API does not read the address of a request, and anyone can forge the header.
      hostname: 'ferry',
      overrideGlobalObjects: false,
      errorHandler: () => answerProblem(new ProblemError(400, 'The request cannot be read.')),
    },
  );
  return createBoundedServer(
    (request, response) => {
      if (FORBIDDEN_METHODS.has(request.method ?? '')) {
        request.resume();
        response.writeHead(405, { ...PRIVATE_HEADERS, allow: 'GET, HEAD, POST', connection: 'close' }).end();
        return;
      }
      void listener(request, response);
    },
    // The store may take its time to answer.
    { maxConnections: 500, requestMs: 15_000, keepAliveMs: 5_000, stillMs: 60_000 },
  );
}

const isConsolePath = (path: string) => /^\/console(\/|$)/.test(path);

const isRead = ({ method }: Request) => method === 'GET' || method === 'HEAD';
