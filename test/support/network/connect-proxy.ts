import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certificate } from './certificates.ts';

/** A proxy of the kind that companies have: it makes tunnels, and nothing else. */
export interface ConnectProxy extends AsyncDisposable {
  /** `http://127.0.0.1:…`, or `https://localhost:…` with a certificate. */
  url: string;
  port: number;
  /** Where tunnels were asked to, such as `app.polyteia.com:443`. */
  targets: readonly string[];
  /** Requests that were no CONNECT; a tunnel is the only thing that hides them from a proxy. */
  others: readonly string[];
  stop(): Promise<void>;
}

/**
 * Starts a proxy on a free port of 127.0.0.1.
 *
 * @param options.certificate makes the connection to the proxy itself one over TLS
 * @param options.answer a status other than 200 refuses each tunnel; `silent` never answers. @default 200
 * @param options.resolve where a tunnel really goes, by its target; others go where they say
 */
export async function startConnectProxy(
  options: {
    certificate?: Certificate;
    answer?: number | 'silent';
    resolve?: Readonly<Record<string, number>>;
  } = {},
): Promise<ConnectProxy> {
  const { certificate, answer = 200, resolve = {} } = options;
  const targets: string[] = [];
  const others: string[] = [];
  const tunnels = new Set<Duplex>();
  const server: Server = certificate ? createTlsServer(certificate) : createServer();
  server.on('request', (request, response) => {
    others.push(`${request.method} ${request.url}`);
    response.writeHead(405).end();
  });
  server.on('connect', (request, client: Duplex) => {
    const target = request.url ?? '';
    targets.push(target);
    client.on('error', () => client.destroy());
    tunnels.add(client);
    if (answer === 'silent') return;
    if (answer !== 200) {
      client.end(`HTTP/1.1 ${answer} No\r\nproxy-authenticate: Basic\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`tcp://${target}`);
    const upstream = connect(resolve[target] ?? Number(port), resolve[target] ? '127.0.0.1' : hostname);
    upstream.on('error', () => client.destroy());
    upstream.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    tunnels.add(upstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.close();
    server.closeAllConnections();
    for (const tunnel of tunnels) tunnel.destroy();
  };
  return {
    url: certificate ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    port,
    targets,
    others,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
