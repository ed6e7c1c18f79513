import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, isIPv6, type Socket } from 'node:net';
import { ConfigError } from '../../errors.ts';

/** The limits of a listener for its clients. */
export interface ServerLimits {
  /** Open connections; one more closes the one that has kept the server waiting longest. */
  maxConnections: number;
  /** Time for a request to arrive with its body, in ms, from when the connection is opened or becomes idle. */
  requestMs: number;
  /** How long an idle connection is kept open for the next request, in ms. */
  keepAliveMs: number;
  /** How long a connection may stand still while its request is worked on or its answer is read, in ms. */
  stillMs: number;
}

/** A listener in operation. */
export interface Listening {
  /** `http://127.0.0.1:8000`. */
  url: string;
  port: number;
  /** Answers no new request; answers in progress have two seconds. */
  close(): Promise<void>;
}

// How often the others are checked.
const CHECK_MS = 1_000;
/** A request, and its answer. */
type Exchange = Parameters<RequestListener>;

/** Whether a client waits for this server: not the other way round, by sending or reading as slowly as it can. */
const isWaiting = ([request, response]: Exchange) => request.complete && !response.writableEnded;

const MAX_HEADER_BYTES = 16_384;
const CLOSE_GRACE_MS = 2_000;

/**
 * A server for plain HTTP on which no client can use more than its share: slow headers and bodies, answers that are not
 * read, idle connections and their number are limited. Of too many connections the newest stay, so that clients which
 * only hold connections keep nobody out. A client that sends a request before it has the answer to the last one is cut
 * off: nobody needs that, and one packet can hold a thousand requests, whose answers are then not read.
 */
export function createBoundedServer(listener: RequestListener, limits: ServerLimits): Server {
  const { maxConnections, requestMs, keepAliveMs, stillMs } = limits;
  // In the order of their last request.
  const open = new Set<Socket>();
  const exchanges = new Map<Socket, Exchange>();
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: CHECK_MS,
    },
    (request, response) => {
      const { socket } = request;
      const before = exchanges.get(socket);
      if (before && !before[1].writableFinished) socket.destroy();
      // The rest of a packet is still parsed.
      if (socket.destroyed) return;
      const exchange: Exchange = [request, response];
      exchanges.set(socket, exchange);
      response.on('close', () => {
        if (exchanges.get(socket) === exchange) exchanges.delete(socket);
        if (open.delete(socket) && !socket.destroyed) open.add(socket);
      });
      listener(request, response);
    },
  );
  server.timeout = stillMs;
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => {
      open.delete(socket);
      exchanges.delete(socket);
    });
    if (open.size <= maxConnections) return;
    for (const one of open) {
      const exchange = exchanges.get(one);
      // The newest is the last of them: it is closed if all others wait for this server.
      if (exchange && isWaiting(exchange)) continue;
      one.destroy();
      // It would be counted until its end is noticed.
      open.delete(one);
      break;
    }
  });
  // This server does not support tunnels and other protocols.
  server.on('connect', (_request, socket) => socket.destroy());
  server.on('upgrade', (_request, socket) => socket.destroy());
  return server;
}

/**
 * Listens.
 *
 * @param place.host undefined: on all addresses
 * @param place.setting what to change when the port is taken
 * @throws ConfigError when it cannot listen there
 */
export async function listen(
  server: Server,
  { host, port, setting }: { host?: string | undefined; port: number; setting: string },
): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, { host, port, setting })));
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
  });
  server.on('error', () => {});
  const { port: actual, address, family } = server.address() as AddressInfo;
  const shown = host ?? '0.0.0.0';
  const url = `http://${family === 'IPv6' && host !== undefined ? `[${address}]` : shown}:${actual}`;
  return {
    url,
    port: actual,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}

function explain(
  error: NodeJS.ErrnoException,
  { host, port, setting }: { host?: string | undefined; port: number; setting: string },
): ConfigError {
  const where = host === undefined ? `port ${port}` : `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program uses it',
    EACCES: 'this user may not listen there',
    EADDRNOTAVAIL: 'this machine does not have that address',
    EAFNOSUPPORT: 'this machine has no IPv6',
    EINVAL: 'an address of one network card only needs its name, as in fe80::1%eth0',
    ENOTFOUND: 'the name cannot be resolved',
    EAI_AGAIN: 'the name cannot be resolved',
  };
  return new ConfigError(
    `Ferry cannot listen on ${where}: ${reasons[error.code ?? ''] ?? error.code ?? 'unknown error'}.`,
    { cause: error, hint: `Choose another with ${setting}.` },
  );
}
