import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';

/** S3 at the end of a slow line: one bucket, whose objects are put whole or in parts. */
export interface SlowS3 extends AsyncDisposable {
  client: S3Client;
  objects: Map<string, Buffer>;
  /** Requests in their order, such as `PUT part 2`. */
  calls: string[];
  /** Uploads in parts that are neither complete nor given up. */
  open: Set<string>;
  /** Answers nothing (`request`), or half of an object and nothing more (`answer`). */
  hangs: 'request' | 'answer' | undefined;
}

/** @param options.requestTimeoutMs how long the client waits for an answer, its body included */
export async function startSlowS3(options: {
  bytesPerSecond: number;
  requestTimeoutMs: number;
}): Promise<SlowS3> {
  const objects = new Map<string, Buffer>();
  const parts = new Map<string, Buffer[]>();
  const calls: string[] = [];
  const open = new Set<string>();
  const receive = async (request: IncomingMessage) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      await sleep((chunk.length / options.bytesPerSecond) * 1_000);
    }
    return Buffer.concat(chunks);
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://s3');
    const id = url.searchParams.get('uploadId');
    const part = url.searchParams.get('partNumber');
    const key = url.pathname;
    calls.push(`${request.method}${part ? ` part ${part}` : id ? ' upload' : ''}`);
    const body = await receive(request).catch(() => undefined);
    if (body === undefined || s3.hangs === 'request') return;
    const etag = { etag: `"${calls.length}"` };
    if (request.method === 'POST' && id === null) {
      open.add(key);
      parts.set(key, []);
      response.end('<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>');
    } else if (request.method === 'POST') {
      open.delete(key);
      objects.set(key, Buffer.concat(parts.get(key) ?? []));
      response.end('<CompleteMultipartUploadResult><ETag>"1"</ETag></CompleteMultipartUploadResult>');
    } else if (request.method === 'DELETE') {
      open.delete(key);
      response.writeHead(204).end();
    } else if (request.method === 'GET') {
      const object = objects.get(key) ?? Buffer.alloc(0);
      response.writeHead(200, { ...etag, 'content-length': object.length });
      if (s3.hangs === 'answer') response.write(object.subarray(0, object.length / 2));
      else response.end(object);
    } else {
      if (part) parts.get(key)?.push(body);
      else objects.set(key, body);
      response.writeHead(200, etag).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
    maxAttempts: 1,
    requestHandler: { requestTimeout: options.requestTimeoutMs, throwOnRequestTimeout: true },
  });
  const s3: SlowS3 = {
    client,
    objects,
    calls,
    open,
    hangs: undefined,
    async [Symbol.asyncDispose]() {
      client.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
  return s3;
}
