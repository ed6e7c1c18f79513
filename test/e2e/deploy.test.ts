import { readFile } from 'node:fs/promises';
import { Agent as HttpsAgent } from 'node:https';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DuckDBInstance } from '@duckdb/node-api';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { AwsClient } from 'aws4fetch';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../shared/runs/run-record.ts';
import { createRunStore, type RunStore } from '../../shared/runs/run-store.ts';
import { createS3DocumentStore } from '../../shared/runs/s3-document-store.ts';
import { type MiniStack, startMiniStack } from '../support/mini-stack.ts';
import { type MysqlServer, startMysql } from '../support/mysql-server.ts';
import { startPolyteiaStandIn } from '../support/polyteia-stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../support/polyteia-stand-in/types.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { readParquetWithPyarrow } from '../support/read-parquet.ts';
import { sourceConfig } from '../support/source-config.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Deployment, prepareDeployment } from './deployment.ts';

const STACK = 'FerryE2e';
const SCHEDULED = 'ds_scheduled1';
const TRIGGERED = 'ds_triggered1';
const UNREADABLE = 'ds_unreadable1';
const FROM_MARIADB = 'ds_mariadb1';

let aws: MiniStack;
let postgres: PostgresServer;
let mariadb: MysqlServer;
let polyteia: PolyteiaStandIn;
let deployment: Deployment;
let runs: RunStore;
let outputs: Record<string, string>;
let ca: string;

/** A configuration with a job that runs each minute, one with a function of its own that only the API starts, and one whose secret nobody made. */
function configuration(query: string) {
  return {
    version: 1,
    sources: {
      erp: sourceConfig(postgres, 'ferry/erp'),
      archive: sourceConfig(postgres, 'ferry/nobody-made-this'),
      shop: sourceConfig(mariadb, 'ferry/shop'),
    },
    polyteia: { default: { token: 'ferry/polyteia', baseUrl: polyteia.baseUrl } },
    syncs: {
      'every-minute': {
        source: 'erp',
        query,
        dataset: SCHEDULED,
        schedule: { cron: '* * * * *', timezone: 'UTC' },
      },
      'on-demand': {
        source: 'erp',
        query: "SELECT 'von Hand' AS wie",
        dataset: TRIGGERED,
        dedicated: { memory: 1024, timeout: '5m' },
      },
      customers: { source: 'shop', query: 'SELECT * FROM customers ORDER BY id', dataset: FROM_MARIADB },
      unreadable: { source: 'archive', query: 'SELECT 1 AS a', dataset: UNREADABLE },
    },
  };
}

beforeAll(async () => {
  [aws, postgres, mariadb, polyteia] = await Promise.all([
    startMiniStack(),
    startPostgres({ password: 'Grüße "$\' \\' }),
    startMysql({ flavor: 'mariadb', password: 'Größe `\' "$' }),
    startPolyteiaStandIn({ datasets: [SCHEDULED, TRIGGERED, UNREADABLE, FROM_MARIADB] }),
  ]);
  ca = aws.caFile ? await readFile(aws.caFile, 'utf8') : '';
  await postgres.query(`
    CREATE TABLE orders (id int, customer text, total numeric(10,2));
    INSERT INTO orders VALUES (1, 'Müller & Söhne', 12.50), (2, 'Straßenbauamt', -0.01), (3, NULL, 99999999.99)`);
  const secrets = new SecretsManagerClient(client());
  await mariadb.query(`
    CREATE TABLE ferry.customers (id int PRIMARY KEY, level tinyint(1), since date, credit decimal(20,0) unsigned);
    INSERT INTO ferry.customers VALUES (1, 2, '2026-01-31', 99999999999999999999), (2, NULL, NULL, NULL)`);
  for (const [Name, SecretString] of [
    ['ferry/erp', loginSecret(postgres)],
    ['ferry/shop', loginSecret(mariadb)],
    ['ferry/polyteia', polyteia.personalAccessKey],
  ]) {
    await secrets.send(new CreateSecretCommand({ Name, SecretString }));
  }
  deployment = await prepareDeployment(aws, STACK);
  outputs = await deployment.deploy(configuration('SELECT * FROM orders ORDER BY id'));
  const bucket = outputs.StateBucketName ?? '';
  runs = createRunStore(
    createS3DocumentStore({ client: new S3Client({ ...client(), forcePathStyle: true }), bucket }),
  );
});
afterAll(async () => {
  await deployment?.[Symbol.asyncDispose]();
  await Promise.all([aws?.stop(), postgres?.stop(), mariadb?.stop(), polyteia?.stop()]);
});

const loginSecret = ({ user, password }: { user: string; password: string }) =>
  JSON.stringify({ username: user, password });

/** Options of an SDK client for the emulator. */
function client() {
  return {
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: {
      accessKeyId: aws.environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: aws.environment.AWS_SECRET_ACCESS_KEY ?? '',
    },
    requestHandler: new NodeHttpHandler({ httpsAgent: new HttpsAgent({ ca }) }),
  };
}

/** Calls the API as the emulator publishes it, signed or not. */
async function call(
  method: string,
  path: string,
  options: { signed: boolean },
): Promise<{ status: number; headers: Record<string, unknown>; body: unknown }> {
  const url = `${aws.endpoint}/_aws/execute-api/${outputs.ApiId}/v1${path}`;
  let headers: Record<string, string> = {};
  if (options.signed) {
    const { accessKeyId, secretAccessKey } = client().credentials;
    const signer = new AwsClient({
      accessKeyId,
      secretAccessKey,
      region: aws.region,
      service: 'execute-api',
    });
    headers = Object.fromEntries((await signer.sign(url, { method })).headers);
  }
  const answer = await request(url, {
    method: method as 'GET',
    headers,
    dispatcher: new Agent({ connect: { ca } }),
  });
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.json() };
}

/** Waits for a finished run of a job that is none of `known`. */
const finishedRun = (job: string, known: readonly string[], timeoutMs: number): Promise<RunRecord> =>
  waitFor(
    `a run of ${job}`,
    async () =>
      (await runs.list({ job, limit: 5 })).find((run) => run.state !== 'running' && !known.includes(run.id)),
    timeoutMs,
  );

const contentOf = (dataset: string) => {
  const file = polyteia.datasets.get(dataset)?.content?.file;
  if (!file) throw new Error(`nothing arrived in ${dataset}`);
  return file;
};

describe('a deployed stack', () => {
  it('runs a sync when its schedule fires, by itself, and the dataset holds the right Parquet', async () => {
    const run = await finishedRun('every-minute', [], 150_000);
    expect(run).toMatchObject({ state: 'succeeded', outcome: 'uploaded', trigger: 'schedule', rows: 3 });
    expect(run.scheduledTime).toMatch(/:00\.000Z$/);
    const file = contentOf(SCHEDULED);
    expect(await readParquetWithPyarrow(file)).toEqual({
      rowCount: 3,
      columns: [
        { name: 'id', type: 'int32' },
        { name: 'customer', type: 'string' },
        { name: 'total', type: 'decimal128(10, 2)' },
      ],
      rows: [
        [1, 'Müller & Söhne', '12.50'],
        [2, 'Straßenbauamt', '-0.01'],
        [3, null, '99999999.99'],
      ],
    });
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const rows = await connection.runAndReadAll(
      `SELECT id, customer, total::VARCHAR FROM '${file}' ORDER BY id`,
    );
    expect(rows.getRowsJS()).toEqual([
      [1, 'Müller & Söhne', '12.50'],
      [2, 'Straßenbauamt', '-0.01'],
      [3, null, '99999999.99'],
    ]);
    connection.closeSync();
    instance.closeSync();
  });

  it('answers liveness to everybody, and nothing else without a signature', async () => {
    expect(await call('GET', '/healthz', { signed: false })).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    });
    expect((await call('POST', '/jobs/on-demand/runs', { signed: false })).status).toBe(403);
    expect((await call('GET', '/no/such/route', { signed: false })).status).toBe(403);
    expect(polyteia.datasets.get(TRIGGERED)?.uploads).toBe(0);
  });

  it('runs a sync when a signed caller asks for it, and says who it was', async () => {
    const started = await call('POST', '/jobs/on-demand/runs', { signed: true });
    const { runId } = started.body as { runId: string };
    expect(started).toMatchObject({
      status: 202,
      headers: { location: `/runs/${runId}` },
      body: { job: 'on-demand', state: 'queued' },
    });
    const run = await finishedRun('on-demand', [], 60_000);
    expect(run).toMatchObject({ id: runId, state: 'succeeded', trigger: 'api', rows: 1 });
    expect(run.triggeredBy).toMatch(/^arn:/);
    expect((await readParquetWithPyarrow(contentOf(TRIGGERED))).rows).toEqual([['von Hand']]);
  });

  it('reads MariaDB as exactly as Postgres', async () => {
    await call('POST', '/jobs/customers/runs', { signed: true });
    const run = await finishedRun('customers', [], 60_000);
    expect(run).toMatchObject({ state: 'succeeded', rows: 2, reading: { mode: 'statement' } });
    expect(await readParquetWithPyarrow(contentOf(FROM_MARIADB))).toMatchObject({
      columns: [{ type: 'int32' }, { type: 'int8' }, { type: 'date32[day]' }, { type: 'decimal128(20, 0)' }],
      rows: [
        [1, 2, '2026-01-31', '99999999999999999999'],
        [2, null, null, null],
      ],
    });
  });

  it('tells a signed caller of a route that does not exist, and of a method that a route does not take', async () => {
    expect((await call('GET', '/no/such/route', { signed: true })).status).toBe(404);
    expect(await call('PUT', '/jobs/on-demand/runs', { signed: true })).toMatchObject({
      status: 405,
      headers: { allow: 'POST, GET, HEAD', 'content-type': 'application/problem+json' },
    });
  });

  it('shows the jobs and their runs to a signed caller', async () => {
    expect(await call('GET', '/readyz', { signed: true })).toMatchObject({ status: 200 });
    const jobs = await call('GET', '/jobs', { signed: true });
    expect(jobs.body).toMatchObject({
      jobs: [
        { name: 'customers', lastGoodRun: { state: 'succeeded', rows: 2 } },
        { name: 'every-minute', nextRun: expect.any(String), lastGoodRun: { rows: 3 } },
        { name: 'on-demand', lastRun: { state: 'succeeded', rows: 1 } },
        { name: 'unreadable' },
      ],
    });
    const [newest] = await runs.list({ job: 'on-demand', limit: 1 });
    expect(await call('GET', `/runs/${newest?.id}`, { signed: true })).toMatchObject({
      status: 200,
      body: { state: 'succeeded', trigger: 'api' },
    });
    expect((await call('POST', `/runs/${newest?.id}/cancel`, { signed: true })).status).toBe(409);
    expect((await call('POST', `/runs/${newest?.id}/accept`, { signed: true })).status).toBe(409);
    expect((await call('POST', `/runs/${newest?.id}/resend`, { signed: true })).status).toBe(409);
    const page = await call('GET', '/jobs/every-minute/runs?limit=1', { signed: true });
    expect(page.body).toMatchObject({ runs: [{ job: 'every-minute', trigger: 'schedule' }] });
  });

  it('names the nearest job for one that does not exist', async () => {
    expect(await call('POST', '/jobs/on-demnad/runs', { signed: true })).toMatchObject({
      status: 404,
      body: { detail: 'There is no job "on-demnad"; did you mean "on-demand"?' },
    });
  });

  it('records what is wrong when a secret is missing, without trying again', async () => {
    await call('POST', '/jobs/unreadable/runs', { signed: true });
    const run = await finishedRun('unreadable', [], 60_000);
    expect(run).toMatchObject({
      state: 'failed',
      error: { class: 'ConfigError', message: expect.stringContaining('The secret ferry/nobody-made-this') },
    });
    expect(polyteia.datasets.get(UNREADABLE)?.uploads).toBe(0);
  });

  it('runs on Node 24', async () => {
    const logs = new CloudWatchLogsClient(client());
    const events = await waitFor(
      'the log line that names the version of Node',
      async () => {
        const { events: found = [] } = await logs.send(
          new FilterLogEventsCommand({
            logGroupName: await logGroupOf(outputs.SyncFunctionerp ?? ''),
            filterPattern: '"function started"',
          }),
        );
        return found.length > 0 ? found : undefined;
      },
      30_000,
    );
    expect(JSON.parse(events[0]?.message ?? '{}')).toMatchObject({ node: expect.stringMatching(/^v24\./) });
  });

  it('carries what a changed query returns after a second deploy, which uploads no code', async () => {
    const codeBefore = await codeAssets();
    expect(codeBefore).toHaveLength(1);
    const known = (await runs.list({ job: 'every-minute', limit: 1000 })).map(({ id }) => id);
    outputs = await deployment.deploy(configuration('SELECT count(*) AS anzahl FROM orders'));
    expect(await codeAssets()).toEqual(codeBefore);
    const changed = await waitFor(
      'a run with the new query',
      async () => {
        const list = await runs.list({ job: 'every-minute', limit: 5 });
        return list.find(
          (run) => run.state === 'succeeded' && !known.includes(run.id) && run.schema?.[0]?.name === 'anzahl',
        );
      },
      150_000,
    );
    expect(changed.rows).toBe(1);
    expect((await readParquetWithPyarrow(contentOf(SCHEDULED))).rows).toEqual([[3]]);
  });

  it('speaks to Polyteia only as the contract allows', () => {
    polyteia.assertNoViolations();
  });

  it('leaves no function when it is destroyed', async () => {
    await deployment.destroy();
    const { Functions = [] } = await new LambdaClient(client()).send(new ListFunctionsCommand({}));
    expect(Functions.filter(({ FunctionName }) => FunctionName?.startsWith(STACK))).toEqual([]);
  });

  it('goes on with the bucket that was left, when it is named: a guard knows the last accepted result', async () => {
    const bucket = outputs.StateBucketName;
    const known = (await runs.list({ job: 'on-demand', limit: 10 })).map(({ id }) => id);
    const { syncs, ...rest } = configuration('SELECT 1 AS a');
    const onDemand = {
      ...syncs['on-demand'],
      query: "SELECT 'von Hand' AS wie FROM generate_series(1, 5)",
      guards: { maxRowChange: '50%' },
    };
    outputs = await deployment.deploy({ ...rest, bucket, syncs: { 'on-demand': onDemand } });
    expect(outputs.StateBucketName).toBe(bucket);
    const uploads = polyteia.datasets.get(TRIGGERED)?.uploads;
    await call('POST', '/jobs/on-demand/runs', { signed: true });
    const run = await finishedRun('on-demand', known, 60_000);
    expect(run).toMatchObject({ state: 'failed', error: { class: 'GuardError' } });
    expect(polyteia.datasets.get(TRIGGERED)?.uploads).toBe(uploads);
  });
});

/** Code in the bootstrap bucket, with the time it was written: an upload of the same content would change that. */
async function codeAssets(): Promise<string[]> {
  const s3 = new S3Client({ ...client(), forcePathStyle: true });
  const Bucket = `cdk-hnb659fds-assets-${aws.accountId}-${aws.region}`;
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
  return Contents.filter(({ Key }) => Key?.endsWith('.zip')).map(
    ({ Key, LastModified }) => `${Key} ${LastModified?.toISOString()}`,
  );
}

async function logGroupOf(functionName: string): Promise<string> {
  const { Functions = [] } = await new LambdaClient(client()).send(new ListFunctionsCommand({}));
  const found = Functions.find(({ FunctionName }) => FunctionName === functionName);
  return found?.LoggingConfig?.LogGroup ?? `/aws/lambda/${functionName}`;
}
