// How a request is answered, and how an answer goes wrong on purpose.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import type { Answer, FailureHow, RecordedCall, StandInOperation, StandInState } from './types.ts';

/** The form in which a generation of the API tells an error. */
export type ErrorForm = (status: number, message: string, code?: string) => Answer;

/** The failure planned for this call, if there is one. */
export function takeFailure(state: StandInState, call: RecordedCall): FailureHow | undefined {
  const failure = state.failures.find(({ on, left }) => on === (call.on as StandInOperation) && left > 0);
  if (!failure) return undefined;
  if (failure.after > 0) {
    failure.after -= 1;
    return undefined;
  }
  failure.left -= 1;
  call.failure = failure.how.kind;
  return failure.how;
}

export function jsonAnswer(status: number, body: unknown): Answer {
  return { status, contentType: 'application/json', body: JSON.stringify(body) };
}

/** Refuses what the contract does not allow, and records it. */
export async function refuse(
  state: StandInState,
  request: IncomingMessage,
  response: ServerResponse,
  violations: string[],
  error: ErrorForm,
): Promise<void> {
  state.violations.push(...violations);
  // A client that still sends would see a reset instead of the reason.
  await drain(request);
  send(response, error(400, `not in the contract: ${violations.join('; ')}`));
}

export async function drain(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.closed) return;
  request.resume();
  await once(request, 'close');
}

export function send(response: ServerResponse, { status, contentType, body }: Answer): void {
  response.writeHead(status, { 'content-type': `${contentType}; charset=utf-8` }).end(body);
}

export function sendStatus(
  response: ServerResponse,
  how: FailureHow & { kind: 'status' },
  error: ErrorForm,
): void {
  const { status, html, message = `planned failure ${status}`, code, headers = {}, early } = how;
  const body = html ?? error(status, message, code).body;
  const contentType = html === undefined ? 'application/json' : 'text/html';
  // Who answers before the request is read cannot use the connection again.
  const connection = early ? { connection: 'close' } : {};
  response.writeHead(status, { 'content-type': contentType, ...connection, ...headers }).end(body);
}

function* spacesForEver(): Generator<Buffer> {
  const spaces = Buffer.alloc(64 * 1024, ' ');
  for (;;) yield spaces;
}

/** Sends an answer: late, byte by byte, without an end, not as JSON, in half, or as it is. */
export async function sendDamaged(
  response: ServerResponse,
  answer: Answer,
  how: FailureHow | undefined,
): Promise<void> {
  if (how?.kind === 'slow') await sleep(how.ms);
  if (how?.kind === 'notJson') {
    const body = how.body ?? '<html><body>Wartungsarbeiten</body></html>';
    response.writeHead(200, { 'content-type': how.contentType ?? 'text/html; charset=utf-8' }).end(body);
  } else if (how?.kind === 'drip') {
    response.writeHead(answer.status, { 'content-type': answer.contentType });
    // Each byte is its own chunk, and its own packet as far as that can be had.
    for (const byte of Buffer.from(answer.body)) {
      response.write(Buffer.of(byte));
      await (how.everyMs === undefined ? immediate() : sleep(how.everyMs));
    }
    response.end();
  } else if (how?.kind === 'endless') {
    response.writeHead(answer.status, { 'content-type': answer.contentType });
    // Ends with the client.
    await pipeline(Readable.from(spacesForEver()), response).catch(() => undefined);
  } else if (how?.kind === 'truncated') {
    const body = Buffer.from(answer.body);
    response.writeHead(answer.status, { 'content-type': answer.contentType, 'content-length': body.length });
    response.write(body.subarray(0, body.length / 2), () => response.destroy());
  } else send(response, answer);
}

export function reset(request: IncomingMessage): void {
  request.socket.resetAndDestroy();
}

export function resetInTheMiddle(request: IncomingMessage): void {
  const half = Number(request.headers['content-length'] ?? 2) / 2;
  let seen = 0;
  request.on('data', (chunk: Buffer) => {
    seen += chunk.length;
    if (seen >= half) reset(request);
  });
}
