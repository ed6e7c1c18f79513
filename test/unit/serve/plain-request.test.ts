import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemHandler } from '../../../shared/api/problems.ts';
import { answerThrown } from '../../../shared/atlan/answers.ts';
import { createApiServer } from '../../../shared/serve/listeners/api-server.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

// What an API is given to read, when a client does not send what it said.

const reads = Promise.withResolvers<unknown>();
let read = reads;
const server = createApiServer(
  {
    fetch: async (request) => {
      await request.text().then(read.resolve, read.resolve);
      return new Response();
    },
  },
  { type: 'none' },
);
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function send(...parts: string[]): Promise<unknown> {
  read = Promise.withResolvers<unknown>();
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
  for (const part of ['POST /jobs/a/runs HTTP/1.1\r\nHost: x\r\n', ...parts]) socket.write(part);
  // After what it has sent.
  socket.end();
  return read.promise;
}

describe('the body of a request', () => {
  it('is what was sent', async () => {
    expect(await send('Content-Length: 5\r\n\r\n', '{"a"', '}')).toBe('{"a"}');
    expect(await send('Transfer-Encoding: chunked\r\n\r\n', '2\r\n{}\r\n0\r\n\r\n')).toBe('{}');
  });

  it.each([
    ['that breaks off', 'Content-Length: 50\r\n\r\n{"a":'],
    ['with a chunk that is none', 'Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nZZ\r\n'],
  ])('%s is the fault of who sent it: nothing is logged as a failure', async (_, rest) => {
    const thrown = await send(rest);
    expect(thrown).toMatchObject({ status: 400, message: 'The body of the request did not arrive whole.' });
    const log: string[] = [];
    const logger = createLogger({ level: 'debug', destination: { write: (line) => void log.push(line) } });
    const context = { req: { method: 'POST', path: '/', routePath: '/' } } as never;
    const answers = [problemHandler(logger), answerThrown(logger)].map((answer) =>
      answer(thrown as Error, context),
    );
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([400, 422]);
    expect(log).toEqual([]);
  });
});
