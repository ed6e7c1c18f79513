import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';

const parquet = 'application/vnd.apache.parquet';
const EXCHANGE = '/rpc/auth/personalAccessKey/exchange';
const GET = '/rpc/dataset/getDatasetById';
const TERMS = '/rpc/dpa/getMyAcceptanceStatus';
const STATUS = '/rpc/dataset/getDatasetIngestStatus';
const UPLOAD = '/api/upload/dataset/ds_a';

let standIn: PolyteiaStandIn;
beforeEach(async () => {
  standIn = await startPolyteiaStandIn({
    api: 'session',
    datasets: [{ id: 'ds_a', solutionId: 'sol_1', name: 'Orders' }],
  });
});
afterEach(() => standIn.stop());

async function post(path: string, body: string | Buffer | Readable, headers: Record<string, string>) {
  const response = await request(`${standIn.baseUrl}${path}`, { method: 'POST', headers, body });
  return { status: response.statusCode, body: await response.body.text() };
}

const json = { 'content-type': 'application/json' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const exchange = (input: object = {}) => {
  const whole = { key: standIn.personalAccessKey, organizationId: 'org_test', ...input };
  return post(EXCHANGE, JSON.stringify({ json: whole }), json);
};

async function session(): Promise<string> {
  return JSON.parse((await exchange()).body).json.token as string;
}

async function rpc(path: string, input: unknown, headers: Record<string, string> = {}) {
  const { status, body } = await post(path, JSON.stringify({ json: input }), {
    ...json,
    ...bearer(await session()),
    ...headers,
  });
  return { status, json: JSON.parse(body).json };
}

interface UploadSetup {
  part?: string;
  content?: string;
  headers?: Record<string, string>;
  path?: string;
  chunked?: boolean;
}

async function upload(setup: UploadSetup = {}) {
  const { part = `name="file"; filename="x.parquet"\r\nContent-Type: ${parquet}`, content = 'PAR1' } = setup;
  const body = Buffer.from(
    `--limit\r\nContent-Disposition: form-data; ${part}\r\n\r\n${content}\r\n--limit--\r\n`,
  );
  return post(setup.path ?? UPLOAD, setup.chunked ? Readable.from([body]) : body, {
    'content-type': 'multipart/form-data; boundary=limit',
    ...bearer(await session()),
    ...setup.headers,
  });
}

const ingestOf = (answer: { body: string }) => JSON.parse(answer.body).ingestId as string;

describe('the calls of the contract', () => {
  it('exchanges a key for a session', async () => {
    const { status, body } = await exchange();
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({
      json: {
        token: expect.any(String),
        expiresAt: expect.stringMatching(/^20.*Z$/),
        organizationId: 'org_test',
        scope: expect.any(String),
      },
      meta: expect.anything(),
    });
    const bySlug = { key: standIn.personalAccessKey, organizationSlug: 'stadt-test' };
    expect((await post(EXCHANGE, JSON.stringify({ json: bySlug }), json)).status).toBe(200);
    standIn.assertNoViolations();
  });

  it('describes a dataset and its terms', async () => {
    expect(await rpc(GET, { id: 'ds_a' })).toEqual({
      status: 200,
      json: { id: 'ds_a', organizationId: 'org_test', solutionId: 'sol_1', name: 'Orders' },
    });
    expect((await rpc(TERMS, { solutionId: 'sol_1' })).json).toEqual({ acknowledged: true });
    standIn.assertNoViolations();
  });

  it('accepts a file, and replaces the dataset when its ingest has completed', async () => {
    standIn.planIngest({ polls: 2 });
    const answer = await upload();
    expect(answer.status).toBe(200);
    const ingestId = ingestOf(answer);
    expect(JSON.parse(answer.body)).toEqual({ ok: true, ingestId, size: 4, contentType: parquet });
    const states: string[] = [];
    for (const uploads of [0, 0, 1, 1]) {
      states.push((await rpc(STATUS, { id: 'ds_a', ingestId })).json.status);
      expect(standIn.datasets.get('ds_a')?.uploads).toBe(uploads);
    }
    expect(states).toEqual(['pending', 'running', 'completed', 'completed']);
    expect(readFileSync(standIn.datasets.get('ds_a')?.content?.file ?? '', 'utf8')).toBe('PAR1');
    standIn.assertNoViolations();
  });

  it('fails, loses and never ends an ingest as planned', async () => {
    standIn.planIngest({ outcome: 'failed', errorMessage: 'no' });
    standIn.planIngest({ outcome: 'lost' });
    standIn.planIngest({ outcome: 'hanging' });
    const ids = [ingestOf(await upload()), ingestOf(await upload()), ingestOf(await upload())];
    const answers = [];
    for (const ingestId of ids) answers.push(await rpc(STATUS, { id: 'ds_a', ingestId }));
    expect(answers[0]?.json).toEqual({ status: 'failed', errorMessage: 'no' });
    expect(answers[1]?.status).toBe(404);
    expect(answers[2]?.json.status).toBe('pending');
    expect(standIn.datasets.get('ds_a')?.uploads).toBe(0);
    standIn.assertNoViolations();
  });

  it('shows who may edit a dataset by an ingest that does not exist', async () => {
    const nothing = { id: 'ds_a', ingestId: 'dsig_0' };
    expect((await rpc(STATUS, nothing)).status).toBe(404);
    Object.assign(standIn.datasets.get('ds_a') ?? {}, { mayEdit: false });
    expect(await rpc(STATUS, nothing)).toEqual({
      status: 403,
      json: { code: 'FORBIDDEN', status: 403, message: expect.any(String), defined: false },
    });
    expect((await upload()).status).toBe(403);
    standIn.assertNoViolations();
  });

  it('refuses errors of the caller without counting them as violations', async () => {
    expect((await exchange({ key: 'pak_wrong' })).status).toBe(401);
    expect((await exchange({ organizationId: 'org_other' })).status).toBe(404);
    expect((await rpc(GET, { id: 'ds_other' })).status).toBe(404);
    expect((await rpc(TERMS, { solutionId: 'sol_2' })).status).toBe(404);
    expect((await upload({ path: '/api/upload/dataset/ds_other' })).status).toBe(404);
    Object.assign(standIn.datasets.get('ds_a') ?? {}, { termsAcknowledged: false });
    const refused = await upload();
    expect(refused.status).toBe(412);
    expect(JSON.parse(refused.body).code).toBe('dpa.not-acknowledged');
    const token = await session();
    standIn.expireSessions();
    expect((await rpc(GET, { id: 'ds_a' }, bearer(token))).status).toBe(401);
    standIn.assertNoViolations();
  });

  it('lets a session expire', async () => {
    await standIn.stop();
    standIn = await startPolyteiaStandIn({ api: 'session', datasets: ['ds_a'], sessionLifetimeMs: -1 });
    expect((await rpc(GET, { id: 'ds_a' })).status).toBe(401);
    expect((await upload()).status).toBe(401);
    standIn.assertNoViolations();
  });
});

describe('violations', () => {
  it.each<[string, string, () => Promise<{ status: number }>]>([
    ['a call of the classic API', 'no such path', () => post('/api', '{}', json)],
    ['another procedure', 'no such path', () => rpc('/rpc/dataset/list', {})],
    ['a query string', 'no query string', () => rpc(`${GET}?x=1`, { id: 'ds_a' })],
    [
      'another header',
      "unexpected header 'x-request-id'",
      () => rpc(GET, { id: 'ds_a' }, { 'x-request-id': '1' }),
    ],
    ['an exchange with Authorization', "unexpected header 'authorization'", () => rpc(EXCHANGE, {})],
    [
      'both names of an organization',
      'input is (key, organizationId, organizationSlug)',
      () => exchange({ organizationSlug: 'x' }),
    ],
    [
      'an id as a slug',
      "'organizationSlug' has not",
      () => {
        const input = { key: 'pak_x', organizationSlug: 'org_1' };
        return post(EXCHANGE, JSON.stringify({ json: input }), json);
      },
    ],
    ['no Authorization', 'needs the header Authorization', () => post(GET, '{"json":{"id":"ds_a"}}', json)],
    ['the key instead of a session', 'never issued', () => rpc(GET, { id: 'ds_a' }, bearer('pak_x'))],
    ['another field', 'input is (id, x)', () => rpc(GET, { id: 'ds_a', x: 1 })],
    [
      'a field next to json',
      'and nothing else',
      async () => {
        const headers = { ...json, ...bearer(await session()) };
        return post(GET, '{"json":{"id":"ds_a"},"meta":[]}', headers);
      },
    ],
    ['an id of another kind', "'id' has not the form", () => rpc(GET, { id: 'sol_1' })],
    [
      'a body that is not JSON',
      'not JSON',
      async () => post(GET, '{', { ...json, ...bearer(await session()) }),
    ],
    ['an upload in chunks', "unexpected header 'transfer-encoding'", () => upload({ chunked: true })],
    ['a part without a type', 'which is unknown', () => upload({ part: 'name="file"; filename="x"' })],
    ['a part without a file name', '0 files', () => upload({ part: 'name="file"' })],
    [
      'another name',
      "called 'data'",
      () => upload({ part: `name="data"; filename="x"\r\nContent-Type: ${parquet}` }),
    ],
    ['another content type', 'must be multipart', () => upload({ headers: { 'content-type': parquet } })],
  ])('records %s', async (_, message, send) => {
    const { status } = await send();
    expect(status).toBeGreaterThanOrEqual(400);
    expect(standIn.violations.join()).toContain(message);
    expect(() => standIn.assertNoViolations()).toThrow(message);
  });
});

describe('planned failures', () => {
  it('are reported in the form of this API', async () => {
    standIn.failNext({ on: 'getDatasetById', how: { kind: 'status', status: 429, message: 'slower' } });
    standIn.failNext({ on: 'upload', how: { kind: 'status', status: 412, message: 'no', code: 'dpa.x' } });
    expect(await rpc(GET, { id: 'ds_a' })).toEqual({
      status: 429,
      json: { code: 'TOO_MANY_REQUESTS', status: 429, message: 'slower', defined: false },
    });
    expect(await upload()).toEqual({ status: 412, body: '{"error":"no","code":"dpa.x"}' });
  });

  it.each(['before', 'middle', 'after'] as const)('reset an upload %s its body', async (when) => {
    standIn.failNext({ on: 'upload', how: { kind: 'reset', when } });
    await expect(upload()).rejects.toThrow();
    expect((await upload()).status).toBe(200);
    standIn.assertNoViolations();
  });
});
