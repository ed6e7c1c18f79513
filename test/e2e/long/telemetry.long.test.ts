import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { awsClientOptions } from '../../support/aws/aws-client-options.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { type Deployment, prepareDeployment } from '../../support/stack/deployment.ts';
import { type OpenStack, openStack } from '../../support/stack/open-stack.ts';
import { type StackSurroundings, startSurroundings } from '../../support/stack/stack-surroundings.ts';
import { expectConventions } from '../../support/telemetry/conventions.ts';
import { type RealCollector, startRealCollector } from '../../support/telemetry/real-collector.ts';
import { pathsTo, type Received } from '../../support/telemetry/received.ts';

// Functions on the emulator send to OpenTelemetry's own Collector, as `telemetry` in ferry.yaml says.

const STACK = 'FerryTelemetry';
const DATASET = 'ds_orders1';
const HEADER = 'Bearer geheimes-Wort';
const TRACE = 'a'.repeat(32);
const CALLER = 'b'.repeat(16);

let around: StackSurroundings;
let deployment: Deployment;
let stack: OpenStack;
let collector: RealCollector;
let lambda: LambdaClient;
beforeAll(async () => {
  [around, collector] = await Promise.all([startSurroundings([DATASET]), startRealCollector()]);
  const { aws, postgres, source, targets } = around;
  await postgres.query(
    `CREATE TABLE orders AS SELECT i AS id, 'Vogelhaus' AS t FROM generate_series(1, 100) i`,
  );
  const options = await awsClientOptions(aws);
  lambda = new LambdaClient(options);
  const SecretString = JSON.stringify({ authorization: HEADER });
  await new SecretsManagerClient(options).send(
    new CreateSecretCommand({ Name: 'ferry/telemetry', SecretString }),
  );
  deployment = await prepareDeployment(aws, STACK);
  const outputs = await deployment.deploy({
    version: 1,
    sources: { erp: source },
    polyteia: targets,
    syncs: { orders: { source: 'erp', query: 'SELECT id, t FROM orders', dataset: DATASET } },
    telemetry: { endpoint: collector.url, headers: 'ferry/telemetry', logs: true, metricsByJob: true },
  });
  stack = await openStack(aws, outputs);
});
afterAll(async () => {
  await deployment?.[Symbol.asyncDispose]();
  await Promise.all([around?.[Symbol.asyncDispose](), collector?.[Symbol.asyncDispose]()]);
});
beforeEach(() => collector.clear());

/** What has been received once a span of this name is there. */
const receivedWith = (name: string) =>
  waitFor(
    () => `the span "${name}" among ${collector.received().spans.map((span) => span.name)}`,
    async (): Promise<Received | undefined> => {
      const all = collector.received();
      return all.spans.some((span) => span.name === name) ? all : undefined;
    },
    60_000,
  );

/** Invokes the function whose name has this in it. */
async function invoke(part: string, event: object): Promise<void> {
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  const FunctionName = Functions.map((one) => one.FunctionName ?? '').find((name) => name.includes(part));
  const { FunctionError } = await lambda.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }),
  );
  expect(FunctionError).toBeUndefined();
}

describe('a collector receives from functions', () => {
  it('one trace from the request to the upload, metrics with units, and the log with its ids', async () => {
    const headers = { traceparent: `00-${TRACE}-${CALLER}-01` };
    const { status, body } = await stack.call('POST', '/jobs/orders/runs', { headers });
    expect(status).toBe(202);
    await stack.ended(body.runId);
    const got = await receivedWith('run');
    const ofTrace = got.spans.filter(({ traceId }) => traceId === TRACE);
    const request = 'POST /jobs/{job}/runs';
    const within = [request, 'run', 'attempt'];
    for (const path of [
      [request, 'S3.PutObject'],
      [request, 'Lambda.Invoke'],
      [...within, 'S3.PutObject'],
      [...within, 'connect', 'SecretsManager.GetSecretValue'],
      [...within, 'connect', 'postgresql connect'],
      [...within, 'export', 'postgresql read'],
      [...within, 'upload', 'Polyteia'],
    ])
      expect(pathsTo(ofTrace, path.at(-1) ?? '', CALLER)).toContainEqual(path);
    expect(new Set(got.spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));

    const rows = got.metrics.find(({ name }) => name === 'ferry.run.rows');
    const attributes = { 'ferry.job.kind': 'sync', 'ferry.job.name': 'orders' };
    expect(rows).toMatchObject({ unit: '{row}', kind: 'sum', points: [{ attributes, value: 100 }] });
    expect(got.logs.find(({ body: text }) => text === 'run succeeded')).toMatchObject({
      traceId: TRACE,
      attributes: { 'ferry.run.id': body.runId, 'ferry.job.name': 'orders' },
    });
    const functions = new Set(got.resources.map((resource) => resource['ferry.function']));
    expect(functions).toEqual(new Set(['api', 'sync']));
    expect(got.resources[0]).toMatchObject({ 'service.name': 'ferry', 'service.namespace': STACK });
    expectConventions(got);
    for (const secret of ['Vogelhaus', 'geheimes-Wort', around.polyteia.personalAccessKey, 'FROM orders'])
      expect([secret, collector.text().includes(secret)]).toEqual([secret, false]);
  });

  it('a trace of its own from a run that a schedule begins, and how late that was', async () => {
    await invoke('Syncerp', { job: 'orders', scheduledTime: '2026-11-29T04:30:00Z' });
    const { spans, metrics } = await receivedWith('run');
    expect(spans.find(({ name }) => name === 'run')).toMatchObject({
      parentSpanId: '',
      attributes: { 'ferry.run.trigger': 'schedule' },
    });
    const lag = metrics.find(({ name }) => name === 'ferry.schedule.lag');
    expect(lag).toMatchObject({ unit: 's', kind: 'histogram' });
  });

  it('a round of the watchdog', async () => {
    await invoke('Watchdog', {});
    const { spans } = await receivedWith('watchdog');
    expect(pathsTo(spans, 'S3.ListObjectsV2', '')).toContainEqual(['watchdog', 'S3.ListObjectsV2']);
  });
});

describe('functions whose collector has gone', () => {
  it('do their work all the same', async () => {
    await collector[Symbol.asyncDispose]();
    expect(await stack.ended(await stack.start('orders'))).toMatchObject({ state: 'succeeded' });
    await invoke('Watchdog', {});
  });
});
