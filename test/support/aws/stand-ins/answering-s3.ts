import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';

/** What an S3 of a test answers to whatever it is asked. */
export interface Answer {
  status: number;
  body?: string;
  headers?: Record<string, string>;
}

/** The answer that S3 gives to a request that it does not carry out. */
export const s3Error = (status: number, code: string, message = code, more = ''): Answer => ({
  status,
  body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message>${more}</Error>`,
  headers: { 'content-type': 'application/xml' },
});

/** S3, or what stands between Ferry and it, that answers all requests alike. */
export interface AnsweringS3 extends AsyncDisposable {
  client: S3Client;
  answer: Answer;
}

export async function startAnsweringS3(): Promise<AnsweringS3> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const { status, body = '', headers = {} } = s3.answer;
      response.writeHead(status, headers).end(body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
    maxAttempts: 1,
  });
  const s3: AnsweringS3 = {
    client,
    answer: { status: 500 },
    async [Symbol.asyncDispose]() {
      client.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
  return s3;
}
