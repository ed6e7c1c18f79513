import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ConfigError } from '../errors.ts';

/** The limits of a listener for its clients. */
export interface ServerLimits {
  /** Open connections; one more closes the one that has been idle longest. */
  maxConnections: number;
  /** Time for a request to arrive with its body, in ms, from when the connection is opened or becomes idle. */
  requestMs: number;
  /** How long an idle connection is kept open for the next request, in ms. */
  keepAliveMs: number;
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
const MAX_HEADER_BYTES = 16_384;
const CLOSE_GRACE_MS = 2_000;

/**
 * A server for plain HTTP on which no client can use more than its share: slow headers and bodies, idle connections and
 * their number are limited. Of too many connections the newest stay, so that clients which only hold connections keep
 * nobody out.
 */
export function createBoundedServer(listener: RequestListener, limits: ServerLimits): Server {
  const { maxConnections, requestMs, keepAliveMs } = limits;
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: CHECK_MS,
    },
    listener,
  );
  // In the order of their last request.
  const open = new Set<Socket>();
  const busy = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => {
      open.delete(socket);
      busy.delete(socket);
    });
    if (open.size <= maxConnections) return;
    const idle = [...open].find((one) => !busy.has(one) && one !== socket);
    (idle ?? socket).destroy();
  });
  server.on('request', ({ socket }, response) => {
    busy.add(socket);
    response.on('close', () => {
      busy.delete(socket);
      if (open.delete(socket) && !socket.destroyed) open.add(socket);
    });
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
  const where = `${host === undefined ? 'port' : `${host}:`}${host === undefined ? ' ' : ''}${port}`;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program uses it',
    EACCES: 'this user may not listen there',
    EADDRNOTAVAIL: 'this machine does not have that address',
    ENOTFOUND: 'the name cannot be resolved',
  };
  return new ConfigError(
    `Ferry cannot listen on ${where}: ${reasons[error.code ?? ''] ?? error.code ?? 'unknown error'}.`,
    { cause: error, hint: `Choose another with ${setting}.` },
  );
}
