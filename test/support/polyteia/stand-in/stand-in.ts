import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerClassic } from './classic.ts';
import { CONTENT_TYPES } from './contract.ts';
import { send } from './faults.ts';
import { answerSession } from './session.ts';
import type {
  DatasetSetup,
  PolyteiaStandIn,
  PolyteiaStandInOptions,
  RecordedCall,
  StandInDataset,
  StandInState,
} from './types.ts';

/** Starts a strict stand-in for one generation of Polyteia's API: what the contract does not list is refused and recorded. */
export async function startPolyteiaStandIn(options: PolyteiaStandInOptions = {}): Promise<PolyteiaStandIn> {
  const { host = '127.0.0.1', port = 0, datasets = [`ds_${randomBytes(10).toString('hex')}`] } = options;
  const folder = await mkdtemp(join(tmpdir(), 'ferry-polyteia-'));
  const held = await Promise.all(datasets.map((dataset) => setUpDataset(dataset, folder)));
  const state: StandInState = {
    api: options.api ?? 'classic',
    personalAccessKey: options.personalAccessKey ?? `pak_${randomBytes(24).toString('base64url')}`,
    tokenLifetimeMs: options.tokenLifetimeMs ?? Number.POSITIVE_INFINITY,
    folder,
    datasets: new Map(held.map((dataset) => [dataset.id, dataset])),
    tokens: new Map(),
    organization: { id: 'org_test', slug: 'stadt-test', ...options.organization },
    sessionLifetimeMs: options.sessionLifetimeMs ?? 15 * 60_000,
    accepts: options.accepts ?? CONTENT_TYPES,
    takesUntypedParts: options.takesUntypedParts ?? false,
    sessions: new Map(),
    ingests: new Map(),
    ingestPlans: [],
    calls: [],
    violations: [],
    failures: [],
  };
  const server = options.tls ? createTlsServer(options.tls) : createServer();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
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
    baseUrl: options.tls
      ? `https://localhost:${address.port}`
      : `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${address.port}`,
    personalAccessKey: state.personalAccessKey,
    organization: state.organization,
    datasets: state.datasets,
    calls: state.calls,
    violations: state.violations,
    failNext: ({ on, after = 0, times = 1, how }) => state.failures.push({ on, after, left: times, how }),
    planIngest: (plan) => state.ingestPlans.push(plan),
    endHangingIngests() {
      for (const ingest of state.ingests.values())
        if (ingest.plan.outcome === 'hanging')
          ingest.plan = { ...ingest.plan, outcome: 'completed', polls: 0 };
    },
    expireSessions() {
      for (const token of state.sessions.keys()) state.sessions.set(token, 0);
    },
    assertNoViolations() {
      if (state.violations.length === 0) return;
      throw new Error(`Polyteia's contract was violated:\n  ${state.violations.join('\n  ')}`);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const WHILE_AGO_MS = 3_600_000;

async function setUpDataset(setup: string | DatasetSetup, folder: string): Promise<StandInDataset> {
  const own: DatasetSetup = typeof setup === 'string' ? { id: setup } : setup;
  const { id, solutionId = 'sol_test', slug, name, mayEdit = true, termsAcknowledged = true } = own;
  const now = new Date().toISOString();
  const file = join(folder, `${id}-0.parquet`);
  if (own.content) await writeFile(file, own.content);
  return {
    id,
    organizationId: 'org_test',
    solutionId,
    name: name ?? id,
    slug: slug ?? id.replaceAll('_', '-'),
    createdAt: now,
    updatedAt: now,
    uploads: 0,
    mayEdit,
    termsAcknowledged,
    ...(own.content && {
      content: {
        file,
        contentType: 'application/vnd.apache.parquet',
        size: own.content.length,
        uploadedAt: new Date(Date.now() - WHILE_AGO_MS).toISOString(),
      },
    }),
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
  const answerRequest = state.api === 'classic' ? answerClassic : answerSession;
  await answerRequest(state, request, response, call);
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
