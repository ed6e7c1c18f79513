import type { Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Api } from '../api/api.ts';
import { answerProblem, ProblemError } from '../api/problems.ts';
import { type ApiAccess, checkAccess } from './api-access.ts';
import { createBoundedServer } from './bounded-server.ts';

// Methods that the Fetch standard has no Request for.
const FORBIDDEN_METHODS = new Set(['TRACE', 'TRACK', 'CONNECT']);

/** The API of the AWS stack, with the same router, as a server in this process. */
export function createApiServer(api: Api, access: ApiAccess): Server {
  const listener = getRequestListener(
    async (request) => {
      const allowed = checkAccess(access, request);
      if (allowed instanceof Response) return allowed;
      return api.fetch(plainRequest(request), allowed);
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
        response.writeHead(405, { allow: 'GET, HEAD, POST', connection: 'close' }).end();
        return;
      }
      void listener(request, response);
    },
    { maxConnections: 500, requestMs: 15_000, keepAliveMs: 5_000 },
  );
}

/**
 * The library's requests look like those of the Fetch standard, which takes none of them for one: a middleware that
 * makes a new one fails.
 */
function plainRequest({ url, method, headers, body }: Request): Request {
  const takesBody = method !== 'GET' && method !== 'HEAD' && body !== null;
  return new Request(url, { method, headers, ...(takesBody ? { body, duplex: 'half' } : {}) });
}
