import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createBoundedServer } from './bounded-server.ts';

/** What the health of a process depends on. */
export interface Health {
  /** How long ago the scheduler last checked what is due, in ms. */
  lastRoundAgeMs: () => number;
  /** It finishes its runs, and takes no requests. */
  isStopping: () => boolean;
  /** Rejects when the state cannot be reached. */
  assertReachable: () => Promise<void>;
  /** The metrics as Prometheus text; undefined: there are none. */
  scrape?: (() => Promise<string>) | undefined;
}

const MAX_ROUND_AGE_MS = 120_000;
// Many clients may probe, and each probe would ask the store.
const REMEMBER_MS = 5_000;
const STORE_ANSWER_MS = 3_000;

/**
 * The listener for probes: `/healthz` says that the process is alive, `/readyz` that it takes requests, its scheduler
 * runs and its state can be reached, `/metrics` what Prometheus collects. Without token and details, because everyone
 * who can reach it may use it: metrics hold names of jobs only where that is asked for.
 */
export function createHealthServer(health: Health): Server {
  const isReady = rememberReadiness(health);
  const routes: Readonly<Record<string, () => Promise<boolean>>> = {
    '/healthz': async () => health.lastRoundAgeMs() < MAX_ROUND_AGE_MS,
    '/readyz': isReady,
  };
  const answer = async ({ method, url = '' }: IncomingMessage, response: ServerResponse) => {
    const route = routes[url.split('?')[0] ?? ''];
    if (url.split('?')[0] === '/metrics' && health.scrape)
      return answerScrape(health.scrape, method, response);
    if (!route) return response.writeHead(404).end();
    if (method !== 'GET' && method !== 'HEAD') return response.writeHead(405, { allow: 'GET, HEAD' }).end();
    const ok = await route().catch(() => false);
    return response.writeHead(ok ? 200 : 503, { 'cache-control': 'no-store' }).end();
  };
  return createBoundedServer(
    (request, response) => {
      // The body of a probe is of no use, but a socket that is not read would stay open.
      request.resume();
      void answer(request, response);
    },
    { maxConnections: 500, requestMs: 5_000, keepAliveMs: 20_000, stillMs: 10_000 },
  );
}

async function answerScrape(
  scrape: () => Promise<string>,
  method: string | undefined,
  response: ServerResponse,
): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  const text = await scrape().catch(() => undefined);
  const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' };
  if (text === undefined) response.writeHead(503).end();
  else response.writeHead(200, headers).end(text);
}

function rememberReadiness({ lastRoundAgeMs, isStopping, assertReachable }: Health): () => Promise<boolean> {
  let askedAt = Number.NEGATIVE_INFINITY;
  let reachable: Promise<boolean> = Promise.resolve(false);
  const ask = async () => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), STORE_ANSWER_MS);
    });
    const asked = assertReachable().then(
      () => true,
      () => false,
    );
    return Promise.race([asked, late]).finally(() => clearTimeout(timer));
  };
  return async () => {
    if (isStopping() || lastRoundAgeMs() >= MAX_ROUND_AGE_MS) return false;
    const now = performance.now();
    if (now - askedAt >= REMEMBER_MS) {
      askedAt = now;
      reachable = ask();
    }
    return reachable;
  };
}
