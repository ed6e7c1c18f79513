import { randomBytes } from 'node:crypto';
import { getRequestListener } from '@hono/node-server';
import { answerProblem, ProblemError } from '../../api/problems.ts';
import { createBoundedServer, type Listening, listen } from '../listeners/bounded-server.ts';
import { plainRequest } from '../listeners/plain-request.ts';
import { type ConsoleOptions, createConsole } from './create-console.ts';

/** A console on this machine. */
export interface ConsoleServer {
  listening: Listening;
  /** The address with what opens it, once. It is behind the `#`, so that no request and no log contains it. */
  address: string;
}

/** What happens with a console. */
export interface ConsoleEvents {
  /** A browser has been let in: the address has ended, and there is another one. */
  onOpened?: (next: string) => void;
}

/**
 * Opens a console for the browsers of this machine. Who first opens the address is let in. It then is of no use any more,
 * whoever finds it in a history or on a screen.
 *
 * @throws ConfigError when the port is taken
 */
export async function openConsoleServer(
  options: Omit<ConsoleOptions, 'path' | 'access' | 'localOnly'>,
  port: number,
  { onOpened = () => {} }: ConsoleEvents = {},
): Promise<ConsoleServer> {
  const makeToken = () => randomBytes(32).toString('base64url');
  const token = makeToken();
  const addressOf = (one: string) => `${listening.url}/#token=${one}`;
  const renew = () => {
    const next = makeToken();
    onOpened(addressOf(next));
    return next;
  };
  const access = { type: 'once', token, renew } as const;
  const answer = createConsole({ ...options, path: '/', access, localOnly: true });
  const listener = getRequestListener((request) => answer(plainRequest(request)), {
    hostname: 'ferry',
    overrideGlobalObjects: false,
    errorHandler: () => answerProblem(new ProblemError(500, 'The console could not answer.')),
  });
  const server = createBoundedServer((request, response) => void listener(request, response), {
    maxConnections: 100,
    requestMs: 15_000,
    keepAliveMs: 5_000,
    stillMs: 60_000,
  });
  const listening = await listen(server, { host: '127.0.0.1', port, setting: '--port' });
  return { listening, address: addressOf(token) };
}
