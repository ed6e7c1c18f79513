import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsClientOptions } from '../support/aws/aws-client-options.ts';
import { findLogLine } from '../support/aws/lambda-logs.ts';
import { type MiniStack, startMiniStack } from '../support/aws/mini-stack.ts';
import { createS3Client } from '../support/aws/s3-client.ts';
import { startPolyteiaStandIn } from '../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../support/polyteia/stand-in/types.ts';
import { waitFor } from '../support/processes/wait-for.ts';
import { readParquetWithPyarrow } from '../support/readers/read-parquet.ts';
import { type MysqlServer, startMysql } from '../support/servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../support/servers/postgres-server.ts';
import { sourceConfig } from '../support/source/source-config.ts';
import { type Deployment, prepareDeployment } from '../support/stack/deployment.ts';
import { type OpenStack, openStack } from '../support/stack/open-stack.ts';

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
let stack: OpenStack;
let outputs: Record<string, string>;

/** A configuration with a job that runs each minute, one with its own function that only the API starts, and one whose secret nobody made. */
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
    startMiniStack({ bootstrapped: true }),
    startPostgres({ password: 'Grüße "$\' \\' }),
    startMysql({ flavor: 'mariadb', password: 'Größe `\' "$' }),
    startPolyteiaStandIn({ datasets: [SCHEDULED, TRIGGERED, UNREADABLE, FROM_MARIADB] }),
  ]);
  await postgres.query(`
    CREATE TABLE orders (id int, customer text, total numeric(10,2));
    INSERT INTO orders VALUES (1, 'Müller & Söhne', 12.50), (2, 'Straßenbauamt', -0.01), (3, NULL, 99999999.99)`);
  const secrets = new SecretsManagerClient(await awsClientOptions(aws));
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
  stack = await openStack(aws, outputs);
});
afterAll(async () => {
  await deployment?.[Symbol.asyncDispose]();
  await Promise.all([aws?.stop(), postgres?.stop(), mariadb?.stop(), polyteia?.stop()]);
});

const loginSecret = ({ user, password }: { user: string; password: string }) =>
  JSON.stringify({ username: user, password });

const contentOf = (dataset: string) => {
  const file = polyteia.datasets.get(dataset)?.content?.file;
  if (!file) throw new Error(`nothing arrived in ${dataset}`);
  return file;
};

describe('a deployed stack', () => {
  it('runs a sync when its schedule fires, and the dataset gets the right Parquet', async () => {
    const run = await stack.finishedRun('every-minute', [], 150_000);
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
    expect(await stack.call('GET', '/healthz', { signed: false })).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    });
    expect((await stack.call('POST', '/jobs/on-demand/runs', { signed: false })).status).toBe(403);
    expect((await stack.call('GET', '/no/such/route', { signed: false })).status).toBe(403);
    expect(polyteia.datasets.get(TRIGGERED)?.uploads).toBe(0);
  });

  it('runs a sync when a signed caller asks for it, and records who that was', async () => {
    const started = await stack.call('POST', '/jobs/on-demand/runs');
    const { runId } = started.body as { runId: string };
    expect(started).toMatchObject({
      status: 202,
      headers: { location: `../../runs/${runId}` },
      body: { job: 'on-demand', state: 'queued' },
    });
    const run = await stack.finishedRun('on-demand', [], 60_000);
    expect(run).toMatchObject({ id: runId, state: 'succeeded', trigger: 'api', rows: 1 });
    expect(run.triggeredBy).toMatch(/^arn:/);
    expect((await readParquetWithPyarrow(contentOf(TRIGGERED))).rows).toEqual([['von Hand']]);
  });

  it('reads MariaDB as exactly as Postgres', async () => {
    await stack.call('POST', '/jobs/customers/runs');
    const run = await stack.finishedRun('customers', [], 60_000);
    expect(run).toMatchObject({ state: 'succeeded', rows: 2, reading: { mode: 'statement' } });
    expect(await readParquetWithPyarrow(contentOf(FROM_MARIADB))).toMatchObject({
      columns: [{ type: 'int32' }, { type: 'int8' }, { type: 'date32[day]' }, { type: 'decimal128(20, 0)' }],
      rows: [
        [1, 2, '2026-01-31', '99999999999999999999'],
        [2, null, null, null],
      ],
    });
  });

  it('answers a signed caller that a route does not exist, or does not accept a method', async () => {
    expect((await stack.call('GET', '/no/such/route')).status).toBe(404);
    expect(await stack.call('PUT', '/jobs/on-demand/runs')).toMatchObject({
      status: 405,
      headers: { allow: 'POST, GET, HEAD', 'content-type': 'application/problem+json' },
    });
  });

  it('shows the jobs and their runs to a signed caller', async () => {
    expect(await stack.call('GET', '/readyz')).toMatchObject({ status: 200 });
    const jobs = await stack.call('GET', '/jobs');
    expect(jobs.body).toMatchObject({
      jobs: [
        { name: 'customers', lastGoodRun: { state: 'succeeded', rows: 2 } },
        { name: 'every-minute', nextRun: expect.any(String), lastGoodRun: { rows: 3 } },
        { name: 'on-demand', lastRun: { state: 'succeeded', rows: 1 } },
        { name: 'unreadable' },
      ],
    });
    const [newest] = await stack.runs.list({ job: 'on-demand', limit: 1 });
    expect(await stack.call('GET', `/runs/${newest?.id}`)).toMatchObject({
      status: 200,
      body: { state: 'succeeded', trigger: 'api' },
    });
    expect((await stack.call('POST', `/runs/${newest?.id}/cancel`)).status).toBe(409);
    expect((await stack.call('POST', `/runs/${newest?.id}/accept`)).status).toBe(409);
    expect((await stack.call('POST', `/runs/${newest?.id}/resend`)).status).toBe(409);
    const page = await stack.call('GET', '/jobs/every-minute/runs?limit=1');
    expect(page.body).toMatchObject({ runs: [{ job: 'every-minute', trigger: 'schedule' }] });
  });

  it('names the nearest job for one that does not exist', async () => {
    expect(await stack.call('POST', '/jobs/on-demnad/runs')).toMatchObject({
      status: 404,
      body: { detail: 'There is no job "on-demnad"; did you mean "on-demand"?' },
    });
  });

  it('records what is wrong when a secret is missing, without trying again', async () => {
    await stack.call('POST', '/jobs/unreadable/runs');
    const run = await stack.finishedRun('unreadable', [], 60_000);
    expect(run).toMatchObject({
      state: 'failed',
      error: { class: 'ConfigError', message: expect.stringContaining('The secret ferry/nobody-made-this') },
    });
    expect(polyteia.datasets.get(UNREADABLE)?.uploads).toBe(0);
  });

  it('runs on Node 24', async () => {
    const line = await findLogLine(aws, outputs.SyncFunctionerp ?? '', 'function started');
    expect(line).toMatchObject({ node: expect.stringMatching(/^v24\./) });
  });

  it('copies what a changed query returns after a second deploy, which uploads no code', async () => {
    const codeBefore = await codeAssets();
    // One of the jobs, one of the API and the watchdog.
    expect(codeBefore).toHaveLength(2);
    const known = (await stack.runs.list({ job: 'every-minute', limit: 1000 })).map(({ id }) => id);
    outputs = await deployment.deploy(configuration('SELECT count(*) AS anzahl FROM orders'));
    expect(await codeAssets()).toEqual(codeBefore);
    const changed = await waitFor(
      'a run with the new query',
      async () => {
        const list = await stack.runs.list({ job: 'every-minute', limit: 5 });
        return list.find(
          (run) => run.state === 'succeeded' && !known.includes(run.id) && run.schema?.[0]?.name === 'anzahl',
        );
      },
      150_000,
    );
    expect(changed.rows).toBe(1);
    expect((await readParquetWithPyarrow(contentOf(SCHEDULED))).rows).toEqual([[3]]);
  });

  it('calls Polyteia only as the contract allows', () => {
    polyteia.assertNoViolations();
  });

  it('leaves no function when it is destroyed', async () => {
    await deployment.destroy();
    const { Functions = [] } = await new LambdaClient(await awsClientOptions(aws)).send(
      new ListFunctionsCommand({}),
    );
    expect(Functions.filter(({ FunctionName }) => FunctionName?.startsWith(STACK))).toEqual([]);
  });

  it('uses the bucket that it left, when the bucket is named: a guard knows the last accepted result', async () => {
    const bucket = outputs.StateBucketName;
    const known = (await stack.runs.list({ job: 'on-demand', limit: 10 })).map(({ id }) => id);
    const { syncs, ...rest } = configuration('SELECT 1 AS a');
    const onDemand = {
      ...syncs['on-demand'],
      query: "SELECT 'von Hand' AS wie FROM generate_series(1, 5)",
      guards: { maxRowChange: '50%' },
    };
    outputs = await deployment.deploy({ ...rest, bucket, syncs: { 'on-demand': onDemand } });
    stack = await openStack(aws, outputs);
    expect(outputs.StateBucketName).toBe(bucket);
    const uploads = polyteia.datasets.get(TRIGGERED)?.uploads;
    await stack.call('POST', '/jobs/on-demand/runs');
    const run = await stack.finishedRun('on-demand', known, 60_000);
    expect(run).toMatchObject({ state: 'failed', error: { class: 'GuardError' } });
    expect(polyteia.datasets.get(TRIGGERED)?.uploads).toBe(uploads);
  });
});

/** Code in the bootstrap bucket, with the time it was written: an upload of the same content would change that. */
async function codeAssets(): Promise<string[]> {
  const s3 = await createS3Client(aws);
  const Bucket = `cdk-hnb659fds-assets-${aws.accountId}-${aws.region}`;
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
  return Contents.filter(({ Key }) => Key?.endsWith('.zip')).map(
    ({ Key, LastModified }) => `${Key} ${LastModified?.toISOString()}`,
  );
}
