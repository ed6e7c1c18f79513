import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckResult } from '../../shared/checks/check-result.ts';
import { latestSchema, type Manifest, manifestSchema } from '../../shared/extraction/output/manifest.ts';
import { awsClientOptions } from '../support/aws/aws-client-options.ts';
import { lambdaLogs } from '../support/aws/lambda-logs.ts';
import { createBucket } from '../support/aws/mini-stack-bucket.ts';
import { rolePolicies, type Statement } from '../support/aws/role-policies.ts';
import { assertOutput } from '../support/extraction/assert-output.ts';
import type { AtlanEntity } from '../support/extraction/atlan-contract.ts';
import { assertRawFiles } from '../support/extraction/raw-files.ts';
import { type Deployment, prepareDeployment } from '../support/stack/deployment.ts';
import { type OpenStack, openStack } from '../support/stack/open-stack.ts';
import { type StackSurroundings, startSurroundings } from '../support/stack/stack-surroundings.ts';

const STACK = 'FerryCatalogs';
const DATASET = 'ds_orders1';
const THEIRS = 'city-catalogs';
const CONNECTION = 'default/postgres/1745501106';

let around: StackSurroundings;
let deployment: Deployment;
let stack: OpenStack;
let outputs: Record<string, string>;
let s3: S3Client;
let lambda: LambdaClient;

beforeAll(async () => {
  around = await startSurroundings([DATASET]);
  const { aws, postgres, source, targets } = around;
  await postgres.query(`
    CREATE SCHEMA "Größe/1";
    CREATE TABLE "Größe/1".orders (id int PRIMARY KEY, customer text, total numeric(10,2));
    COMMENT ON TABLE "Größe/1".orders IS 'Bestellungen <b>aller</b> Kunden';
    CREATE VIEW "Größe/1".large_orders AS SELECT * FROM "Größe/1".orders WHERE total > 100;
    INSERT INTO "Größe/1".orders VALUES (1, 'Müller & Söhne', 12.50)`);
  s3 = await createBucket(aws, THEIRS);
  lambda = new LambdaClient(await awsClientOptions(aws));
  await new SecretsManagerClient(await awsClientOptions(aws)).send(
    new CreateSecretCommand({
      Name: 'ferry/wrong',
      SecretString: JSON.stringify({ username: postgres.user, password: 'Wrong-Passw0rd!' }),
    }),
  );
  deployment = await prepareDeployment(aws, STACK);
  const connection = { name: 'ERP', qualifiedName: CONNECTION };
  const theirs = { bucket: THEIRS, prefix: 'atlan/postgres' };
  outputs = await deployment.deploy({
    version: 1,
    sources: {
      erp: { ...source, connection, maxConcurrentRuns: 1 },
      gone: { ...source, auth: { type: 'password', secret: 'ferry/wrong' } },
    },
    polyteia: targets,
    syncs: { orders: { source: 'erp', query: 'SELECT 1 AS id', dataset: DATASET } },
    extractions: {
      own: { sources: ['erp'], schedule: { cron: '0 5 * * *' } },
      theirs: {
        sources: ['erp'],
        workflowId: 'w-1',
        output: { ...theirs, bucketOwner: aws.accountId, layout: 'sdk' },
      },
      some: { sources: ['*'], output: theirs },
      strayed: { sources: ['erp'], output: theirs },
    },
  });
  stack = await openStack(aws, outputs);
});
afterAll(async () => {
  await deployment?.[Symbol.asyncDispose]();
  await around?.[Symbol.asyncDispose]();
});

const read = async (Bucket: string, Key: string): Promise<Buffer> => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};
const keysOf = async (Bucket: string, Prefix = ''): Promise<string[]> => {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  return Contents.map(({ Key = '' }) => Key);
};
const configurationOf = (job: string) =>
  lambda.send(new GetFunctionConfigurationCommand({ FunctionName: outputs[`ExtractFunction${job}`] }));

/** Has the function of a job check what a run needs. */
async function check(job: string): Promise<CheckResult[]> {
  const { Payload } = await lambda.send(
    new InvokeCommand({
      FunctionName: outputs[`ExtractFunction${job}`],
      Payload: Buffer.from(JSON.stringify({ job, check: true })),
    }),
  );
  return JSON.parse(Payload?.transformToString() ?? '{}').checks;
}

/**
 * What a run has written, as somebody finds it who knows only the workflow's folder: it is downloaded, and each file is held against the
 * contract, the manifest and the schemas.
 */
async function readOutput(
  bucket: string,
  folder: string,
  layout: 'app' | 'sdk' = 'app',
): Promise<{ manifest: Manifest; entities: AtlanEntity[] }> {
  const latest = latestSchema.parse(JSON.parse(String(await read(bucket, `${folder}latest.json`))));
  const manifest = manifestSchema.parse(JSON.parse(String(await read(bucket, latest.manifest))));
  const runFolder = `${folder}${latest.runId}/`;
  for (const key of [latest.manifest, ...manifest.files.map((file) => file.key)])
    expect(key.startsWith(runFolder), key).toBe(true);
  const here = await mkdtemp(join(tmpdir(), 'ferry e2e output ü '));
  try {
    for (const key of await keysOf(bucket, runFolder)) {
      const file = join(here, key.slice(runFolder.length));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, await read(bucket, key));
    }
    const entities = await assertOutput(here, layout);
    await assertRawFiles(here);
    return { manifest, entities };
  } finally {
    await rm(here, { recursive: true, force: true });
  }
}
const namesIn = (entities: readonly AtlanEntity[], type: AtlanEntity['typeName']) =>
  entities.filter(({ typeName }) => typeName === type).map(({ attributes }) => attributes.qualifiedName);

describe('a stack with a sync and extractions', () => {
  it('shows them as what they are', async () => {
    const { body } = await stack.call('GET', '/jobs');
    expect(body.jobs).toMatchObject(
      [
        { name: 'orders', kind: 'sync', source: 'erp' },
        { name: 'own', kind: 'extraction', sources: ['erp'], nextRun: expect.stringMatching(/T05:00:00/) },
        { name: 'some', kind: 'extraction', sources: ['erp', 'gone'] },
        { name: 'strayed', kind: 'extraction' },
        { name: 'theirs', kind: 'extraction' },
      ].sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
  });

  it('writes the files of an extraction into its own bucket when the API asks for it, while its sync keeps running', async () => {
    const [extraction, sync] = await Promise.all([stack.start('own'), stack.start('orders')]);
    const run = await stack.ended(extraction);
    expect(run).toMatchObject({
      kind: 'extraction',
      state: 'succeeded',
      outcome: 'extracted',
      trigger: 'api',
    });
    expect(await stack.ended(sync)).toMatchObject({ kind: 'sync', state: 'succeeded' });
    const bucket = outputs.StateBucketName ?? '';
    const { manifest, entities } = await readOutput(bucket, 'artifacts/own/');
    expect(run.manifest).toBe(`s3://${bucket}/artifacts/own/${extraction}/manifest.json`);
    expect(manifest).toMatchObject({ runId: extraction, workflowId: 'own', state: 'succeeded' });
    expect(run.rows).toBe(entities.length);
    expect(namesIn(entities, 'Table')).toEqual([`${CONNECTION}/postgres/Größe/1/orders`]);
    expect(namesIn(entities, 'View')).toEqual([`${CONNECTION}/postgres/Größe/1/large_orders`]);
    expect((await stack.call('POST', `/runs/${extraction}/accept`)).status).toBe(409);
    expect((await stack.call('POST', `/runs/${extraction}/resend`)).status).toBe(409);
  });

  it('writes them into a user’s bucket, with another layout', async () => {
    const id = await stack.start('theirs');
    expect(await stack.ended(id)).toMatchObject({ state: 'succeeded' });
    const folder = 'atlan/postgres/artifacts/apps/postgres/workflows/w-1/';
    const { manifest, entities } = await readOutput(THEIRS, folder, 'sdk');
    expect(manifest).toMatchObject({ runId: id, layout: 'sdk', entities: { Table: 1, View: 1, Column: 6 } });
    expect(namesIn(entities, 'Column')).toContain(`${CONNECTION}/postgres/Größe/1/orders/total`);
    expect(await keysOf(outputs.StateBucketName ?? '', 'artifacts/')).not.toContainEqual(
      expect.stringContaining('w-1'),
    );
  });

  it('writes what it can when a source refuses the login, and reports it', async () => {
    const id = await stack.start('some');
    expect(await stack.ended(id)).toMatchObject({
      state: 'partial',
      error: { class: 'AuthError' },
      databases: [
        { source: 'erp', state: 'extracted' },
        { source: 'gone', state: 'failed', error: { class: 'AuthError' } },
      ],
    });
    const { manifest } = await readOutput(THEIRS, 'atlan/postgres/some/');
    expect(manifest).toMatchObject({ state: 'partial' });
    expect((await stack.call('GET', '/jobs/some')).body).toMatchObject({
      lastRun: { id, state: 'partial', error: 'AuthError' },
    });
  });

  it('checks from inside the function what a run needs', async () => {
    const checks = await check('theirs');
    // The test's server has no TLS, and its login is a superuser's.
    expect(checks.filter(({ status }) => status !== 'ok')).toMatchObject([
      { check: 'encryption', status: 'warning' },
      { check: 'permissions', status: 'warning' },
    ]);
    expect(checks.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['login', 'erp/postgres: versionCheck', 'output: write', 'output: remove']),
    );
  });

  it('answers the callers of Atlan’s app about configured extractions', async () => {
    const workflow = (method: string, path: string, body?: unknown) =>
      stack.call(method, `/workflows/v1${path}`, { body });
    expect((await stack.call('GET', '/server/ready')).body).toEqual({ status: 'ok' });
    const credentials = { credential_guid: 'erp' };
    const metadata = { 'include-filter': '{"^postgres$": ["^Größe/1$"]}', 'temp-table-regex': '' };
    expect((await workflow('POST', '/auth', credentials)).body).toEqual({
      success: true,
      message: 'Authentication successful',
    });
    expect((await workflow('POST', '/metadata', { ...credentials, type: 'all' })).body).toMatchObject({
      success: true,
      data: expect.arrayContaining([{ TABLE_CATALOG: 'postgres', TABLE_SCHEMA: 'Größe/1' }]),
    });
    expect((await workflow('POST', '/check', { credentials, metadata })).body).toMatchObject({
      success: true,
      data: { tablesCheck: { successMessage: 'Tables check successful. Table count: 2' } },
    });
    expect(await workflow('POST', '/auth', { credential_guid: 'gone' })).toMatchObject({
      status: 401,
      body: { success: false, data: { status: 'invalid_credentials' } },
    });
    const sent = {
      host: '127.0.0.1',
      username: 'postgres',
      password: 'Sent-Passw0rd!',
      database: 'postgres',
    };
    expect((await workflow('POST', '/auth', sent)).status).toBe(422);

    const started = await workflow('POST', '/start', { workflow_id: 'w-1' });
    expect(started).toMatchObject({ status: 200, body: { data: { workflow_id: 'w-1' } } });
    const { run_id: run } = started.body.data;
    const record = await stack.ended(run);
    expect(record).toMatchObject({ job: 'theirs', state: 'succeeded', trigger: 'api' });
    expect((await workflow('GET', `/status/w-1/${run}`)).body).toMatchObject({
      data: { status: 'COMPLETED', last_executed_run_id: run },
    });
    expect((await workflow('GET', '/result/w-1?wait=true')).body).toMatchObject({
      data: { status: 'completed', result: { run_id: run, manifest: record.manifest } },
    });
    expect((await workflow('POST', `/stop/w-1/${run}`)).status).toBe(409);
    expect((await workflow('GET', '/config/w-1')).body.data).toMatchObject({
      connection: { connection_name: 'ERP', connection_qualified_name: CONNECTION },
      credential_guid: 'erp',
      workflow_id: 'w-1',
    });
    expect((await workflow('POST', '/config/w-1', { metadata })).status).toBe(409);
    for (const [change, status] of [
      [{ metadata }, 422],
      [{ connection: { connection_name: 'X', connection_qualified_name: CONNECTION } }, 422],
      [{ output_prefix: 'elsewhere' }, 422],
      [{ credentials: sent }, 422],
      [{ workflow_id: 'none' }, 404],
    ] as const)
      expect((await workflow('POST', '/start', { workflow_id: 'w-1', ...change })).status).toBe(status);
    expect((await workflow('GET', `/status/own/${run}`)).status).toBe(404);
    expect((await stack.call('POST', '/workflows/v1/auth', { signed: false, body: sent })).status).toBe(403);
  });

  it('has no secret in a log, a record or a file', async () => {
    const logs = ['own', 'theirs', 'some'].map((job) =>
      lambdaLogs(around.aws, outputs[`ExtractFunction${job}`] ?? '', 'run started'),
    );
    const texts = (await Promise.all(logs)).flat();
    texts.push(JSON.stringify(await stack.runs.list({ limit: 100 })));
    for (const key of await keysOf(THEIRS)) texts.push(String(await read(THEIRS, key)));
    for (const text of texts) expect(text).not.toMatch(/Wrong-Passw0rd|postgres:\/\/|Müller|"password"/);
  });
});

describe('the role of an extraction', () => {
  it('cannot write outside the folder of its own workflow, even if its function is configured to', async () => {
    // What its function reads, before it has read it: another workflow of the same bucket.
    const { CONFIG_BUCKET, CONFIG_KEY } = (await configurationOf('strayed')).Environment?.Variables ?? {};
    const config = JSON.parse(String(await read(CONFIG_BUCKET ?? '', CONFIG_KEY ?? '')));
    config.extractions.strayed.workflowId = 'w-1';
    const before = await keysOf(THEIRS);
    await s3.send(
      new PutObjectCommand({ Bucket: CONFIG_BUCKET, Key: CONFIG_KEY, Body: JSON.stringify(config) }),
    );
    expect(await stack.ended(await stack.start('strayed'))).toMatchObject({
      state: 'failed',
      error: { class: 'ConfigError', message: expect.stringContaining('was denied on s3://city-catalogs/') },
    });
    expect(await check('strayed')).toContainEqual(
      expect.objectContaining({
        check: 'output: write',
        status: 'failed',
        detail: expect.stringContaining('s3:PutObject was denied on s3://city-catalogs/atlan/postgres/w-1/'),
      }),
    );
    expect(await keysOf(THEIRS)).toEqual(before);
  });

  it('without its statement about the output: the run fails, names what is missing, and leaves nothing', async () => {
    const roles = await rolePolicies(around.aws);
    await using missing = await roles.remove(`${STACK}-Extractown`, ({ Action }: Statement) =>
      [Action].flat().includes('s3:AbortMultipartUpload'),
    );
    const bucket = outputs.StateBucketName ?? '';
    const before = await keysOf(bucket, 'artifacts/');
    expect(await stack.ended(await stack.start('own'))).toMatchObject({
      state: 'failed',
      error: {
        class: 'ConfigError',
        message: expect.stringMatching(/^s3:GetObject was denied on s3:.*manifest\.json/),
      },
    });
    expect(await keysOf(bucket, 'artifacts/')).toEqual(before);
    await missing.putBack();
    expect(await stack.ended(await stack.start('own'))).toMatchObject({ state: 'succeeded' });
  });
});
