import { describe, expect, it } from 'vitest';
import { type ApiEvent, createApiFunction } from '../../../functions/api/api-function.ts';
import { createDeployedJobs } from '../../../functions/api/deployed-jobs.ts';
import { createApi } from '../../../shared/api/create-api.ts';
import { StorageUnavailableError } from '../../../shared/errors.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import type { RunRequest } from '../../../shared/runs/records/run-request.ts';
import { createRunRequestStore } from '../../../shared/runs/records/run-request-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { CALLER, jobs, runRecord } from '../../support/api.ts';

function apiFunction() {
  const documents = createMemoryDocumentStore();
  const started: RunRequest[] = [];
  const runs = createRunStore(documents);
  const handle = createApiFunction(
    createApi({
      documents,
      check: async ({ id }) => id,
      readJobs: async () => jobs,
      runs,
      requests: createRunRequestStore(documents),
      start: async (request) => {
        started.push(request);
      },
      logger: createLogger({ level: 'silent' }),
    }),
  );
  const call = async (event: Partial<ApiEvent>, userArn: string | null = CALLER) => {
    const answer = await handle({
      httpMethod: 'GET',
      path: '/',
      multiValueQueryStringParameters: null,
      headers: {},
      body: null,
      isBase64Encoded: false,
      requestContext: { identity: { userArn } },
      ...event,
    });
    return { ...answer, body: JSON.parse(answer.body || 'null') };
  };
  return { call, runs, started };
}

describe('the API behind API Gateway', () => {
  it('refuses a path of Atlan’s API with steps in the form of that API, which nobody keeps', async () => {
    const { call } = apiFunction();
    const { statusCode, headers, body } = await call({ path: '/workflows/v1/status/../../../runs' });
    expect(statusCode).toBe(422);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' });
    expect(body).toMatchObject({ success: false, details: 'path: no "." or ".." between slashes' });
  });

  it.each([
    ['as text', '{"why":"größer"}', false],
    ['in base64', Buffer.from('{"why":"größer"}').toString('base64'), true],
  ])('passes on method, path, header, caller and a body %s', async (_, body, isBase64Encoded) => {
    const { call, runs, started } = apiFunction();
    const refused = runRecord({ state: 'failed', error: { class: 'GuardError', message: 'no' } });
    await runs.save(refused);
    await runs.keepRefused('orders', refused.id, import.meta.filename);
    const event = {
      httpMethod: 'POST',
      path: `/runs/${refused.id}/accept`,
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'k', 'X-Name': '値' },
      body,
      isBase64Encoded,
    };
    const answer = await call(event);
    expect(answer).toMatchObject({
      statusCode: 202,
      headers: { location: `../${answer.body.runId}` },
    });
    expect(started).toEqual([
      expect.objectContaining({ triggeredBy: CALLER, accept: { runId: refused.id, why: 'größer' } }),
    ]);
    expect((await call(event)).body.runId).toBe(answer.body.runId);
  });

  it('passes on every value of the query', async () => {
    const { call, runs } = apiFunction();
    await runs.save(runRecord());
    await runs.save(runRecord());
    const query = (limit: string[]) => ({ path: '/runs', multiValueQueryStringParameters: { limit } });
    expect((await call(query(['1']))).body.runs).toHaveLength(1);
    expect((await call(query(['1', '2']))).statusCode).toBe(400);
  });

  it.each([
    ['//evil.example/jobs', 404],
    ['/jobs/a?b#c', 404],
    ['/jobs/größe', 404],
    ['/jobs/%zz', 400],
    ['', 404],
    // A policy for one path must not let in another one, as which a URL would read it.
    ['/jobs/orders/../../runs', 400],
    ['/jobs/orders/%2E%2e/../runs', 400],
    ['/jobs/.', 400],
    ['/jobs\\orders', 404],
    ['/jobs/orders\n', 404],
    ['/jobs/orders ', 404],
    ['/jo\tbs', 404],
  ])('answers the odd path "%s" with %i', async (path, status) => {
    const answer = await apiFunction().call({ path });
    expect(answer).toMatchObject({
      statusCode: status,
      headers: { 'content-type': 'application/problem+json' },
    });
  });

  it('ignores the body of a GET, and needs no caller for liveness', async () => {
    const { call } = apiFunction();
    expect((await call({ path: '/healthz', body: '{}' }, null)).body).toEqual({ status: 'ok' });
    expect(await call({ httpMethod: 'HEAD', path: '/healthz' })).toMatchObject({
      statusCode: 200,
      body: null,
    });
  });
});

describe('the deployed jobs', () => {
  const environment = { CONFIG_KEY: 'k', FUNCTIONS: 'hr-function,erp-function' };

  it('are read once, and again after a failure', async () => {
    const deployed = Object.fromEntries(
      Object.entries(jobs).map(([name, job]) => [name, { ...job, function: 1 }]),
    );
    let reads = 0;
    const get = async () => {
      reads += 1;
      if (reads === 1) throw new StorageUnavailableError('away');
      return JSON.stringify(deployed);
    };
    const { readJobs, functionOf } = createDeployedJobs(environment, { get });
    await expect(readJobs()).rejects.toThrow('away');
    expect(await readJobs()).toEqual(deployed);
    expect(await functionOf('orders')).toBe('erp-function');
    expect(reads).toBe(2);
    await expect(functionOf('ordres')).rejects.toThrow('No function was deployed');
  });

  it('do not exist without their document', async () => {
    const { readJobs } = createDeployedJobs(environment, { get: async () => undefined });
    await expect(readJobs()).rejects.toThrow('missing from the assets bucket');
  });

  it.each(['値', 'größer', 'a\nb'])('refuses the idempotency key %j, and starts nothing', async (key) => {
    const { call, started } = apiFunction();
    const headers = { 'Idempotency-Key': key };
    const answer = await call({ httpMethod: 'POST', path: '/jobs/orders/runs', headers });
    expect(answer).toMatchObject({
      statusCode: 400,
      body: { detail: 'header.idempotency-key: one to 255 visible ASCII characters' },
    });
    expect(started).toEqual([]);
  });

  it.each(['TRACE', 'CONNECT', 'TRACK', 'trace'])('refuses %s', async (httpMethod) => {
    const { call } = apiFunction();
    expect(await call({ httpMethod, path: '/jobs' })).toMatchObject({
      statusCode: 405,
      headers: { allow: 'GET, HEAD, POST' },
      body: { status: 405 },
    });
  });
});
