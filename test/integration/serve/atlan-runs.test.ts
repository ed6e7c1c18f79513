import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseHostRule } from '../../../shared/network/host-rule.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { type Replica, startServe } from '../../support/serve/start-serve.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';

let postgres: PostgresServer;
let folder: string;
let replica: Replica;
const CONNECTION = { connection_name: 'dev', connection_qualified_name: 'default/postgres/1745501106' };
const METADATA = { 'include-filter': '{}', 'exclude-filter': '{}', 'temp-table-regex': '' };

const start = () =>
  startServe({
    config: {
      version: 1,
      sources: { erp: sourceConfig(postgres, 'erp') },
      extractions: { nightly: { sources: ['erp'] } },
    },
    secrets: { erp: { username: postgres.user, password: postgres.password } },
    documents: createFolderDocumentStore(join(folder, 'state')),
    workFolder: join(folder, 'work'),
    atlan: {
      rules: { hostRule: parseHostRule('127.0.0.0/8', '--allow-hosts'), roleArns: [], tls: {} },
      applicationName: 'postgres',
      configDays: 30,
    },
  });

beforeAll(async () => {
  [postgres, folder] = await Promise.all([startPostgres(), mkdtemp(join(tmpdir(), 'ferry atlan ü '))]);
  await postgres.query('CREATE TABLE orders AS SELECT 1 AS id');
  replica = await start();
});
afterAll(async () => {
  await replica?.stop();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

const call = async (path: string, body?: unknown) => {
  const response = await fetch(`${replica.api}${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  // biome-ignore lint/suspicious/noExplicitAny: any answer
  return { status: response.status, body: (await response.json()) as any };
};

const credentials = () => ({
  authType: 'basic',
  host: '127.0.0.1',
  port: String(postgres.port),
  username: postgres.user,
  password: postgres.password,
  extra: JSON.stringify({ database: 'postgres' }),
});

describe('a workflow', () => {
  it('goes the whole way', async () => {
    expect(await call('/server/health')).toEqual({ status: 200, body: { status: 'healthy' } });
    expect(await call('/server/ready')).toEqual({ status: 200, body: { status: 'ok' } });
    expect(await call('/workflows/v1/auth', credentials())).toEqual({
      status: 200,
      body: { success: true, message: 'Authentication successful' },
    });
    expect(await call('/workflows/v1/auth', { ...credentials(), password: 'no' })).toMatchObject({
      status: 401,
      body: { success: false },
    });
    expect(await call('/workflows/v1/metadata', { ...credentials(), type: 'all', database: '' })).toEqual({
      status: 200,
      body: { success: true, data: [{ TABLE_CATALOG: 'postgres', TABLE_SCHEMA: 'public' }] },
    });
    expect(
      await call('/workflows/v1/check', { credentials: credentials(), metadata: METADATA }),
    ).toMatchObject({
      status: 200,
      body: {
        success: true,
        data: { tablesCheck: { successMessage: 'Tables check successful. Table count: 1' } },
      },
    });
    const started = await call('/workflows/v1/start', {
      credentials: credentials(),
      connection: CONNECTION,
      metadata: METADATA,
    });
    expect(started).toEqual({
      status: 200,
      body: {
        success: true,
        message: 'Workflow started successfully',
        data: { workflow_id: expect.any(String), run_id: expect.any(String) },
      },
    });
    const { workflow_id: workflow, run_id: run } = started.body.data;
    const status = await waitFor(
      'its end',
      async () => {
        const { body } = await call(`/workflows/v1/status/${workflow}/${run}`);
        return body.data?.status === 'RUNNING' ? undefined : body;
      },
      20_000,
    );
    expect(status).toMatchObject({ data: { status: 'COMPLETED', last_executed_run_id: run } });
    expect(await call(`/workflows/v1/result/${workflow}?wait=true`)).toMatchObject({
      body: { success: true, data: { status: 'completed', result: { run_id: run } } },
    });
    expect(await call(`/workflows/v1/config/${workflow}`)).toMatchObject({
      body: { data: { connection: CONNECTION, metadata: METADATA, workflow_id: workflow } },
    });
    const files = await readdir(join(folder, 'work', 'artifacts', workflow, run, 'transformed'));
    expect(files.sort()).toEqual(['column', 'database', 'schema', 'table']);
    const [column] = (
      await readFile(
        join(folder, 'work', 'artifacts', workflow, run, 'transformed', 'column', '1.json'),
        'utf8',
      )
    ).split('\n');
    expect(JSON.parse(column ?? '')).toMatchObject({
      attributes: { qualifiedName: 'default/postgres/1745501106/postgres/public/orders/id' },
    });
  });
});
