import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/processes/wait-for.ts';
import { atGate, closeGate, throughGate } from '../support/runs/gate.ts';
import { type Deployment, prepareDeployment } from '../support/stack/deployment.ts';
import { type OpenStack, openStack } from '../support/stack/open-stack.ts';
import { type StackSurroundings, startSurroundings } from '../support/stack/stack-surroundings.ts';

const STACK = 'FerryApi';
const ORDERS = 'ds_orders1';
const SLOW = 'ds_slow1';
const GATE = 4711;
const UNKNOWN_RUN = '01a1fc88-01c9-775f-ad30-4e002322510b';

let around: StackSurroundings;
let deployment: Deployment;
let stack: OpenStack;

beforeAll(async () => {
  around = await startSurroundings([ORDERS, SLOW]);
  const { aws, postgres, source, targets } = around;
  await postgres.query('CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 100) i');
  deployment = await prepareDeployment(aws, STACK);
  const outputs = await deployment.deploy({
    version: 1,
    sources: { erp: source },
    polyteia: targets,
    syncs: {
      orders: {
        source: 'erp',
        query: 'SELECT id FROM orders ORDER BY id',
        dataset: ORDERS,
        guards: { maxRowChange: '50%' },
        archive: { keep: 10 },
        // Only the API starts it: the schedule is there to be shown.
        schedule: { cron: '30 4 1 1 *', timezone: 'Europe/Berlin' },
      },
      slow: { source: 'erp', query: `SELECT id, ${throughGate(GATE)} AS gate FROM orders`, dataset: SLOW },
    },
  });
  stack = await openStack(aws, outputs);
});
afterAll(async () => {
  await deployment?.[Symbol.asyncDispose]();
  await around?.[Symbol.asyncDispose]();
});

const uploads = (dataset: string) => around.polyteia.datasets.get(dataset)?.uploads;
const rowCount = async (dataset: string) => (await around.rowsOf(dataset)).length;

/** Starts `slow`, and waits until its query waits at the gate. */
async function startSlow() {
  const id = await stack.start('slow');
  await waitFor('the query at the source', async () => (await waiting()) || undefined, 60_000);
  return id;
}
const waiting = async () => (await around.postgres.query(atGate(GATE))).rowCount;

describe('the API of a deployed stack', () => {
  it.each([
    ['GET', '/readyz'],
    ['GET', '/jobs'],
    ['GET', '/jobs/orders'],
    ['GET', '/jobs/orders/runs'],
    ['POST', '/jobs/orders/runs'],
    ['GET', '/runs'],
    ['GET', `/runs/${UNKNOWN_RUN}`],
    ['POST', `/runs/${UNKNOWN_RUN}/cancel`],
    ['POST', `/runs/${UNKNOWN_RUN}/accept`],
    ['POST', `/runs/${UNKNOWN_RUN}/resend`],
  ])('refuses anyone without a signature %s %s', async (method, path) => {
    expect((await stack.call(method, path, { signed: false })).status).toBe(403);
    expect(await stack.runs.list({ limit: 1 })).toEqual([]);
  });

  it('starts a run, says where to find it, and shows its result', async () => {
    const started = await stack.call('POST', '/jobs/orders/runs');
    const { runId } = started.body;
    expect(started).toMatchObject({
      status: 202,
      headers: { location: `../../runs/${runId}` },
      body: { job: 'orders', state: 'queued' },
    });
    await stack.ended(runId);
    expect(await stack.call('GET', `/runs/${runId}`)).toMatchObject({
      status: 200,
      body: {
        id: runId,
        state: 'succeeded',
        trigger: 'api',
        triggeredBy: expect.stringMatching(/^arn:/),
        rows: 100,
        archived: true,
      },
    });
    const job = await stack.call('GET', '/jobs/orders');
    expect(job).toMatchObject({
      status: 200,
      body: {
        name: 'orders',
        dataset: ORDERS,
        schedule: { expression: expect.stringMatching(/^cron\(/), timezone: 'Europe/Berlin', enabled: true },
        lastRun: { id: runId },
        lastGoodRun: { id: runId, rows: 100 },
        baseline: { runId, rows: 100 },
      },
    });
    expect(job.body.nextRuns).toHaveLength(5);
    expect(job.body.running).toBeUndefined();
    const { body } = await stack.call('GET', '/jobs');
    expect(body.jobs.map(({ name }: { name: string }) => name)).toEqual(['orders', 'slow']);
  });

  it('has the function of a sync describe a query that is not deployed, and helps to set one up', async () => {
    const query = 'SELECT id, now() AS "Größe" FROM orders';
    const { status, body } = await stack.call('POST', '/setup/columns', { body: { source: 'erp', query } });
    expect([status, body.columns.map(({ name }: { name: string }) => name)]).toEqual([200, ['id', 'Größe']]);
    const refused = { source: 'erp', query: 'DROP TABLE orders' };
    expect((await stack.call('POST', '/setup/columns', { body: refused })).status).toBe(422);
    expect((await stack.call('GET', '/setup')).body).toMatchObject({
      sources: [{ name: 'erp' }],
      describesQueries: true,
      acceptsCredentials: false,
    });
    const part = { syncs: { neu: { source: 'erp', query, dataset: 'ds_neu' } } };
    expect((await stack.call('POST', '/setup/config', { body: part })).body).toMatchObject({ problems: [] });
    expect((await stack.call('GET', '/setup/schedule?cron=0+5+1+*+1')).status).toBe(422);
  });

  it('starts one run for an idempotency key, however often it is sent, and refuses the key for another request', async () => {
    const headers = { 'idempotency-key': 'nightly-2026-11-21' };
    const [first, second] = await Promise.all([
      stack.call('POST', '/jobs/orders/runs', { headers }),
      stack.call('POST', '/jobs/orders/runs', { headers }),
    ]);
    const { runId } = first.body;
    expect([first, second]).toMatchObject([
      { status: 202, body: { runId } },
      { status: 202, body: { runId } },
    ]);
    // The content is what the dataset shows already, so nothing is sent.
    expect(await stack.ended(runId)).toMatchObject({ state: 'succeeded', outcome: 'unchanged' });
    expect(await stack.call('POST', '/jobs/orders/runs', { headers })).toMatchObject({
      status: 202,
      body: { runId, state: 'succeeded' },
    });
    expect(await stack.runs.list({ job: 'orders', limit: 10 })).toHaveLength(2);
    const [, uploaded] = await stack.runs.list({ job: 'orders', limit: 10 });
    const other = await stack.call('POST', `/runs/${uploaded?.id}/resend`, { headers, body: {} });
    expect(other).toMatchObject({ status: 422, body: { status: 422 } });
  });

  it('shows a run in progress, starts no second one, and cancels it: its query ends at the source', async () => {
    await using gate = await closeGate(around.postgres, GATE);
    const id = await startSlow();
    expect(await stack.call('POST', '/jobs/slow/runs')).toMatchObject({
      status: 409,
      headers: { 'content-type': 'application/problem+json' },
      body: { status: 409, detail: expect.stringContaining(id), runId: id },
    });
    expect(await stack.call('GET', `/runs/${id}`)).toMatchObject({
      status: 200,
      body: { state: 'running', stale: false, progress: { heartbeatAgeMs: expect.any(Number) } },
    });
    expect((await stack.call('GET', '/jobs/slow')).body).toMatchObject({ running: { id } });

    const { triggeredBy } = (await stack.call('GET', `/runs/${id}`)).body;
    expect(await stack.call('POST', `/runs/${id}/cancel`)).toMatchObject({
      status: 202,
      body: { runId: id, cancelRequested: true },
    });
    const run = await stack.ended(id);
    expect(run).toMatchObject({
      state: 'cancelled',
      error: { class: 'CancelledError', message: `The run was cancelled by ${triggeredBy}.` },
    });
    await waitFor('the end of the query', async () => ((await waiting()) === 0 ? true : undefined), 20_000);
    expect(uploads(SLOW)).toBe(0);
    expect((await stack.call('POST', `/runs/${id}/cancel`)).status).toBe(409);

    await gate.open();
    expect(await stack.ended(await stack.start('slow'))).toMatchObject({ state: 'succeeded', rows: 100 });
  });

  it('sends a refused file when a person accepts it, and an earlier file again', async () => {
    await around.postgres.query('DELETE FROM orders WHERE id > 20');
    const refused = await stack.ended(await stack.start('orders'));
    expect(refused).toMatchObject({ state: 'failed', rows: 20, error: { class: 'GuardError' } });
    expect(await rowCount(ORDERS)).toBe(100);

    // What is sent is the refused file, whatever the source says by now.
    await around.postgres.query('INSERT INTO orders SELECT i FROM generate_series(21, 90) i');
    const accept = await stack.call('POST', `/runs/${refused.id}/accept`, { body: { why: 'Jahreswechsel' } });
    expect(accept).toMatchObject({ status: 202, headers: { location: `../${accept.body.runId}` } });
    const accepted = await stack.ended(accept.body.runId);
    expect(accepted).toMatchObject({
      state: 'succeeded',
      outcome: 'uploaded',
      rows: 20,
      triggeredBy: expect.stringMatching(/^arn:/),
      sentFrom: { runId: refused.id, why: 'Jahreswechsel' },
    });
    expect(await rowCount(ORDERS)).toBe(20);
    expect((await stack.call('GET', '/jobs/orders')).body).toMatchObject({ baseline: { rows: 20 } });

    const first = (await stack.runs.list({ job: 'orders', limit: 10 })).at(-1);
    const resend = await stack.call('POST', `/runs/${first?.id}/resend`, { body: { why: 'Irrtum' } });
    expect(resend.status).toBe(202);
    expect(await stack.ended(resend.body.runId)).toMatchObject({
      state: 'succeeded',
      rows: 100,
      sentFrom: { runId: first?.id, why: 'Irrtum' },
    });
    expect(await rowCount(ORDERS)).toBe(100);
    // Neither refused by a guard nor, as it sent nothing, archived.
    const [unchanged] = (await stack.runs.list({ job: 'orders', limit: 10 })).filter(
      ({ outcome }) => outcome === 'unchanged',
    );
    for (const action of ['accept', 'resend']) {
      const answer = await stack.call('POST', `/runs/${unchanged?.id}/${action}`, { body: {} });
      expect(answer).toMatchObject({ status: 409, headers: { 'content-type': 'application/problem+json' } });
    }
  });

  it.each([
    ['of a job', '/jobs/orders/runs', 'orders'],
    ['of all jobs', '/runs', undefined],
  ])('pages through the runs %s, newest first', async (_, path, job) => {
    const all = (await stack.runs.list({ ...(job ? { job } : {}), limit: 50 })).map(({ id }) => id);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const query = cursor === undefined ? '' : `&cursor=${cursor}`;
      const page = await stack.call('GET', `${path}?limit=2${query}`);
      expect(page.status).toBe(200);
      expect(page.body.runs.length).toBeLessThanOrEqual(2);
      seen.push(...page.body.runs.map(({ id }: { id: string }) => id));
      cursor = page.body.next;
    } while (cursor !== undefined);
    expect(all.length).toBeGreaterThan(4);
    expect(seen).toEqual(all);
  });

  it.each([
    ['an unknown job', 'GET', '/jobs/ordres', undefined, 404, 'did you mean "orders"?'],
    ['an unknown job to start', 'POST', '/jobs/ordres/runs', undefined, 404, 'did you mean "orders"?'],
    ['an unknown run', 'GET', `/runs/${UNKNOWN_RUN}`, undefined, 404, 'There is no run'],
    ['an unknown run to cancel', 'POST', `/runs/${UNKNOWN_RUN}/cancel`, undefined, 404, 'There is no run'],
    ['an unknown run to accept', 'POST', `/runs/${UNKNOWN_RUN}/accept`, {}, 404, 'There is no run'],
    ['an unknown route', 'GET', '/jbos', undefined, 404, 'There is no such route'],
    ['a wrong method', 'DELETE', '/jobs/orders', undefined, 405, 'GET'],
    ['a wrong query', 'GET', '/runs?limit=1000', undefined, 400, 'query.limit'],
    ['a wrong body', 'POST', `/runs/${UNKNOWN_RUN}/accept`, { wy: 'x' }, 400, 'wy'],
  ])('answers %s with a problem', async (_, method, path, body, status, detail) => {
    expect(await stack.call(method, path, { body })).toMatchObject({
      status,
      headers: { 'content-type': 'application/problem+json' },
      body: { type: 'about:blank', status, detail: expect.stringContaining(detail) },
    });
  });

  it('calls Polyteia only as the contract allows', () => {
    around.polyteia.assertNoViolations();
  });
});
