import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerApi, errorAnswer } from './api.ts';
import { readApiCall, requestViolations } from './contract.ts';
import type {
  Answer,
  DatasetSetup,
  FailureHow,
  PolyteiaStandIn,
  PolyteiaStandInOptions,
  RecordedCall,
  StandInDataset,
  StandInOperation,
  StandInState,
} from './types.ts';
import { receiveFile, replaceContent, takeToken } from './upload.ts';

/** Starts a strict stand-in for Polyteia's classic API: what the contract does not list is refused and recorded. */
export async function startPolyteiaStandIn(options: PolyteiaStandInOptions = {}): Promise<PolyteiaStandIn> {
  const { host = '127.0.0.1', port = 0, datasets = [`ds_${randomBytes(10).toString('hex')}`] } = options;
  const state: StandInState = {
    personalAccessKey: options.personalAccessKey ?? `pak_${randomBytes(24).toString('base64url')}`,
    tokenLifetimeMs: options.tokenLifetimeMs ?? Number.POSITIVE_INFINITY,
    folder: await mkdtemp(join(tmpdir(), 'ferry-polyteia-')),
    datasets: new Map(datasets.map(setUpDataset).map((dataset) => [dataset.id, dataset])),
    tokens: new Map(),
    calls: [],
    violations: [],
    failures: [],
  };
  const server = createServer((request, response) => {
    handle(state, request, response).catch((error: unknown) => {
      // A request that breaks off ends here; there is nobody left to answer.
      if (request.destroyed || response.destroyed) return;
      send(response, { status: 500, contentType: 'text/plain', body: `stand-in: ${String(error)}` });
    });
  });
  // A test may be slower than node's idea of a slow client.
  server.requestTimeout = 0;
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;

  const stop = async () => {
    server.close();
    server.closeAllConnections();
    await rm(state.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  };
  return {
    baseUrl: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${address.port}`,
    personalAccessKey: state.personalAccessKey,
    datasets: state.datasets,
    calls: state.calls,
    violations: state.violations,
    failNext: ({ on, times = 1, how }) => state.failures.push({ on, left: times, how }),
    assertNoViolations() {
      if (state.violations.length === 0) return;
      throw new Error(`Polyteia's contract was violated:\n  ${state.violations.join('\n  ')}`);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function setUpDataset(setup: string | DatasetSetup): StandInDataset {
  const { id, solutionId = 'sol_test', slug, name } = typeof setup === 'string' ? { id: setup } : setup;
  const now = new Date().toISOString();
  return {
    id,
    organizationId: 'org_test',
    solutionId,
    name: name ?? id,
    slug: slug ?? id.replaceAll('_', '-'),
    createdAt: now,
    updatedAt: now,
    uploads: 0,
  };
}

async function handle(
  state: StandInState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const call = record(state, request);
  response.on('finish', () => {
    call.status = response.statusCode;
  });
  const violations = requestViolations(request);
  if (violations.length > 0) return refuse(state, request, response, violations);
  if (call.url === '/api') await handleApi(state, request, response, call);
  else await handleUpload(state, request, response, call);
}

async function handleApi(
  state: StandInState,
  request: IncomingMessage,
  response: ServerResponse,
  call: RecordedCall,
): Promise<void> {
  const body = await text(request);
  const parsed = readApiCall(body);
  if ('violation' in parsed) return refuse(state, request, response, [parsed.violation]);
  call.on = parsed.on;
  call.params = parsed.params;
  const how = takeFailure(state, call);
  // Like a proxy in front of the service, a planned failure comes before the key is looked at.
  const answer = () => {
    const authorized = request.headers.authorization === `Bearer ${state.personalAccessKey}`;
    return authorized ? answerApi(state, parsed) : errorAnswer(401, 401, 'invalid personal access key');
  };
  if (how?.kind === 'status') return sendStatus(response, how);
  if (how?.kind === 'errorEnvelope')
    return send(response, errorAnswer(200, how.code, how.message, how.details));
  if (how?.kind === 'hang') return;
  if (how?.kind === 'reset') {
    if (how.apply) answer();
    return reset(request);
  }
  await sendDamaged(response, answer(), how);
}

async function handleUpload(
  state: StandInState,
  request: IncomingMessage,
  response: ServerResponse,
  call: RecordedCall,
): Promise<void> {
  call.on = 'upload';
  const token = takeToken(state, request);
  if ('refused' in token) {
    if (token.violation) state.violations.push(token.violation);
    await drain(request);
    return send(response, textAnswer(401, token.refused));
  }
  const how = takeFailure(state, call);
  if (how?.kind === 'status' && how.early) return sendStatus(response, how);
  if (how?.kind === 'reset' && how.when === 'before') return reset(request);
  if (how?.kind === 'reset' && how.when === 'middle') return resetInTheMiddle(request);

  const received = await receiveFile(state, request, token, call).catch((error: Error) => error);
  if (received instanceof Error) {
    if (request.complete) state.violations.push(`/upload: malformed body: ${received.message}`);
    return send(response, textAnswer(400, received.message));
  }
  if (received.violations.length > 0) {
    await rm(received.path, { force: true });
    return refuse(state, request, response, received.violations);
  }
  const refusal = how?.kind === 'status' || how?.kind === 'errorEnvelope' || how?.kind === 'hang';
  if (refusal || (how?.kind === 'reset' && !how.apply)) await rm(received.path, { force: true });
  else await replaceContent(state, token, received.path);

  if (how?.kind === 'status') return sendStatus(response, how);
  if (how?.kind === 'errorEnvelope') return send(response, textAnswer(how.code, how.message));
  if (how?.kind === 'hang') return;
  if (how?.kind === 'reset') return reset(request);
  await sendDamaged(response, textAnswer(200, 'upload completed'), how);
}

function record(state: StandInState, request: IncomingMessage): RecordedCall {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value);
  const { 'content-length': length } = headers;
  const call: RecordedCall = {
    on: 'unknown',
    at: new Date().toISOString(),
    method: request.method ?? '',
    url: request.url ?? '',
    headers,
    ...(length !== undefined && { contentLength: Number(length) }),
  };
  state.calls.push(call);
  return call;
}

function takeFailure(state: StandInState, call: RecordedCall): FailureHow | undefined {
  const failure = state.failures.find(({ on, left }) => on === (call.on as StandInOperation) && left > 0);
  if (!failure) return undefined;
  failure.left -= 1;
  call.failure = failure.how.kind;
  return failure.how;
}

async function refuse(
  state: StandInState,
  request: IncomingMessage,
  response: ServerResponse,
  violations: string[],
): Promise<void> {
  state.violations.push(...violations);
  // A client that still sends would see a reset instead of the reason.
  await drain(request);
  send(response, errorAnswer(400, 400, `not in the contract: ${violations.join('; ')}`));
}

async function drain(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.closed) return;
  request.resume();
  await once(request, 'close');
}

function textAnswer(status: number, body: string): Answer {
  return { status, contentType: 'text/plain', body };
}

function send(response: ServerResponse, { status, contentType, body }: Answer): void {
  response.writeHead(status, { 'content-type': `${contentType}; charset=utf-8` }).end(body);
}

function sendStatus(response: ServerResponse, how: FailureHow & { kind: 'status' }): void {
  const { status, html, message = `planned failure ${status}`, headers = {}, early } = how;
  const body = html ?? errorAnswer(status, status, message).body;
  const contentType = html === undefined ? 'application/json' : 'text/html';
  // Who answers before the request is read cannot use the connection again.
  const connection = early ? { connection: 'close' } : {};
  response.writeHead(status, { 'content-type': contentType, ...connection, ...headers }).end(body);
}

async function sendDamaged(
  response: ServerResponse,
  answer: Answer,
  how: FailureHow | undefined,
): Promise<void> {
  if (how?.kind === 'slow') await sleep(how.ms);
  if (how?.kind === 'notJson') {
    const body = how.body ?? '<html><body>Wartungsarbeiten</body></html>';
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(body);
  } else if (how?.kind === 'truncated') {
    const body = Buffer.from(answer.body);
    response.writeHead(answer.status, { 'content-type': answer.contentType, 'content-length': body.length });
    response.write(body.subarray(0, body.length / 2), () => response.destroy());
  } else send(response, answer);
}

function reset(request: IncomingMessage): void {
  request.socket.resetAndDestroy();
}

function resetInTheMiddle(request: IncomingMessage): void {
  const half = Number(request.headers['content-length'] ?? 2) / 2;
  let seen = 0;
  request.on('data', (chunk: Buffer) => {
    seen += chunk.length;
    if (seen >= half) reset(request);
  });
}
