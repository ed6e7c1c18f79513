import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** What a collector does with a request. */
export type Behaviour =
  | 'accepts'
  | 'is silent'
  | 'stops in its answer'
  | 'answers 429'
  | 'answers garbage'
  | 'rejects a part'
  | 'warns'
  | 'closes the connection';

/** A request that arrived. */
export interface Delivered {
  path: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Protobuf: its texts can be found in it, because they are not encoded. */
  body: Buffer;
}

/** The protobuf of `partialSuccess`, which has the same numbers for all signals. */
function partialSuccess(rejected: number, message: string): Buffer {
  const partial = Buffer.concat([
    Buffer.from([0x08, rejected, 0x12, message.length]),
    Buffer.from(message, 'ascii'),
  ]);
  return Buffer.concat([Buffer.from([0x0a, partial.length]), partial]);
}

const answers: Readonly<Record<Behaviour, (response: ServerResponse) => void>> = {
  accepts: (response) => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(),
  'is silent': () => {},
  'stops in its answer': (response) => void response.writeHead(200).write('a'),
  'answers 429': (response) => response.writeHead(429, { 'retry-after': '3600' }).end('slow down'),
  'answers garbage': (response) => response.writeHead(200).end('<html>Vogelhaus\u0000'),
  'rejects a part': (response) => response.writeHead(200).end(partialSuccess(3, 'too old: geheim')),
  warns: (response) => response.writeHead(200).end(partialSuccess(0, 'deprecated: geheim')),
  'closes the connection': (response) => response.destroy(),
};

/** A server where OTLP is sent to, well-behaved or not. @param tls makes it one for https */
export async function startCollector(behaviour: Behaviour = 'accepts', tls?: { cert: string; key: string }) {
  const delivered: Delivered[] = [];
  const waiting: (() => void)[] = [];
  let current = behaviour;
  const answer: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      delivered.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) });
      answers[current](response);
      for (const resolve of waiting.splice(0)) resolve();
    });
  };
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    delivered,
    /** The paths that something was sent to. */
    paths: () => [...new Set(delivered.map(({ path }) => path))].sort(),
    /** Everything that was sent, as text. */
    text: () => delivered.map(({ body }) => body.toString('utf8')).join('\n'),
    /** Does that from now on. */
    become: (next: Behaviour) => {
      current = next;
    },
    /** Resolves with the next request. */
    next: () => new Promise<void>((resolve) => waiting.push(resolve)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
