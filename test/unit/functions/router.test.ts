import { describe, expect, it, vi } from 'vitest';
import { createRouter } from '../../../functions/api/router.ts';
import { StorageUnavailableError } from '../../../shared/errors.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

const CALLER = 'arn:aws:iam::111122223333:user/Jürgen';
const index = {
  größe: { kind: 'sync', source: 'hr', function: 0 },
  orders: { kind: 'sync', source: 'erp', function: 1 },
};

function router(options: { start?: () => Promise<void>; index?: string | Error } = {}) {
  const start = vi.fn(options.start ?? (async () => {}));
  const stored = options.index ?? JSON.stringify(index);
  const route = createRouter({
    environment: {
      CONFIG_BUCKET: 'b',
      CONFIG_KEY: 'k',
      STATE_BUCKET: 's',
      FUNCTIONS: 'hr-function,erp-function',
      LOG_LEVEL: 'error',
    },
    config: {
      get: async () => {
        if (stored instanceof Error) throw stored;
        return stored;
      },
    },
    start,
    logger: createLogger({ level: 'silent' }),
  });
  return { start, route: (method: string, path: string) => route({ method, path, caller: CALLER }) };
}

describe('the API', () => {
  it('says that it is alive', async () => {
    const { route } = router({ index: new Error('storage is not asked') });
    expect(await route('GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  it('starts a run of the function that serves the job, for whoever signed', async () => {
    const { route, start } = router();
    const answer = await route('POST', '/jobs/orders/runs');
    const { runId } = answer.body;
    expect(answer).toMatchObject({
      status: 202,
      headers: { location: `/runs/${runId}` },
      body: { job: 'orders', state: 'queued' },
    });
    expect(start).toHaveBeenCalledWith('erp-function', { job: 'orders', runId, triggeredBy: CALLER });
  });

  it.each([
    ['POST', '/jobs/ordres/runs', 404, 'did you mean "orders"?'],
    ['POST', '/jobs/constructor/runs', 404, 'There is no job "constructor".'],
    ['GET', '/jobs/orders/runs', 405, 'takes POST'],
    ['DELETE', '/healthz', 405, 'takes GET'],
    ['GET', '/', 404, 'GET /healthz'],
    ['POST', '/jobs/%E0%A4%A/runs', 400, 'percent-encoding'],
  ])('answers %s %s with %i', async (method, path, status, detail) => {
    const { route, start } = router();
    const answer = await route(method, path);
    expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/problem+json' } });
    expect(answer.body.detail).toContain(detail);
    expect(start).not.toHaveBeenCalled();
  });

  it('tells nothing of what went wrong inside', async () => {
    const broken = router({ start: async () => Promise.reject(new Error('secret internals')) });
    const answer = await broken.route('POST', '/jobs/orders/runs');
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer)).not.toContain('internals');
    const away = router({ index: new StorageUnavailableError('bucket internals') });
    expect((await away.route('POST', '/jobs/orders/runs')).status).toBe(503);
  });
});
