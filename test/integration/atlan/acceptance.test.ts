import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connection, createCatalog, expectedEntities, expectedNames } from '../../support/atlan/catalog.ts';
import { expectRefusal } from '../../support/atlan/refusals.ts';
import {
  type AtlanServer,
  endOf,
  type StartedRun,
  startAtlan,
  startRun,
} from '../../support/atlan/start-atlan.ts';
import { assertOutput } from '../../support/extraction/assert-output.ts';
import type { AtlanEntity } from '../../support/extraction/atlan-contract.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { POSTGRES_VERSIONS } from '../../support/servers/postgres-versions.ts';

// The order in which Atlan's own end-to-end suite asks the app, and what it expects, written from the contract alone.

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const PASSWORD = 'ganz-geheim-4711';
const metadata = {
  'include-filter': '{"^postgres$":["^public$","^zeta$","^alpha$"]}',
  'exclude-filter': '{}',
  'temp-table-regex': '',
  'extraction-method': 'direct',
};
const passed = (successMessage: string) => ({ success: true, successMessage, failureMessage: '' });

/** What differs from run to run. */
function withoutTimes({ attributes, ...entity }: AtlanEntity): object {
  const { lastSyncWorkflowName, lastSyncRun, lastSyncRunAt, ...others } = attributes;
  const measured: Record<string, unknown> = { ...others };
  delete measured.sizeBytes;
  delete measured.rowCount;
  return { ...entity, attributes: measured };
}

describe.each(POSTGRES_VERSIONS)('the API of Atlan’s app on %s', (_title, options) => {
  let postgres: PostgresServer;
  let atlan: AtlanServer;
  let credentials: Record<string, unknown>;
  let run: StartedRun;
  beforeAll(async () => {
    postgres = await startPostgres(options);
    await createCatalog(postgres);
    await postgres.query(`CREATE ROLE reader LOGIN PASSWORD '${PASSWORD}'`);
    await postgres.query('CREATE DATABASE hr');
    await postgres.query('CREATE DATABASE closed');
    await postgres.query('REVOKE CONNECT ON DATABASE closed FROM PUBLIC');
    atlan = await startAtlan({
      args: ['--allow-hosts', '127.0.0.0/8'],
      environment: {
        ATLAN_TENANT_ID: 'stadt',
        ATLAN_APPLICATION_NAME: 'postgres-app',
        ATLAN_SQL_SERVER_MIN_VERSION: '10.0',
      },
    });
    credentials = {
      authType: 'basic',
      host: postgres.host,
      port: postgres.port,
      username: 'reader',
      password: PASSWORD,
      extra: { database: 'postgres', ssl_mode: 'allow' },
    };
  });
  afterAll(async () => {
    await atlan?.stop();
    await postgres?.stop();
  });
  const folderOf = ({ workflow_id, run_id }: StartedRun, prefix = '') =>
    join(atlan.folder, '.ferry', 'artifacts', prefix, workflow_id, run_id);

  it('is healthy and ready', async () => {
    for (const path of ['/server/health', '/health']) {
      const { status, body } = await atlan.get(path);
      expect([path, status, body]).toEqual([path, 200, { status: 'healthy' }]);
    }
    for (const path of ['/server/ready', '/ready']) {
      const { status, body } = await atlan.get(path);
      expect([path, status, body]).toEqual([path, 200, { status: 'ok' }]);
    }
    const root = await atlan.get('/');
    expect(root.status).toBeGreaterThanOrEqual(301);
    expect(root.status).toBeLessThanOrEqual(308);
    expect(root.headers.get('location')).toMatch(/(^|\/)docs\/?$/);
  });

  it('authenticates', async () => {
    const { status, body } = await atlan.post('auth', credentials);
    expect([status, body]).toEqual([200, { success: true, message: 'Authentication successful' }]);
  });

  it('takes credentials in each form that callers send', async () => {
    const { extra, ...flat } = credentials;
    const forms: Record<string, unknown> = {
      'extra as JSON': { ...flat, extra: JSON.stringify(extra) },
      'database beside the others': { ...flat, database: 'postgres' },
      'a port as text': { ...credentials, port: String(postgres.port) },
      'no authType': { ...credentials, authType: undefined },
      'below credentials': { credentials },
      pairs: { credentials: Object.entries(credentials).map(([key, value]) => ({ key, value })) },
      'pairs of texts': {
        credentials: Object.entries({
          ...flat,
          port: String(postgres.port),
          extra: JSON.stringify(extra),
        }).map(([key, value]) => ({ key, value })),
      },
      'with what Ferry has no use for': {
        ...credentials,
        name: 'dev',
        connectorType: 'jdbc',
        driverProperties: {},
      },
    };
    for (const [form, body] of Object.entries(forms)) {
      const answer = await atlan.post('auth', body);
      expect([form, answer.status, answer.body]).toEqual([
        form,
        200,
        { success: true, message: 'Authentication successful' },
      ]);
    }
  });

  it('lists the schemas of the connected database in the order of the catalog', async () => {
    for (const database of ['postgres', '', 'whatever']) {
      const { status, body } = await atlan.post('metadata', { ...credentials, type: 'all', database });
      expect([status, body]).toEqual([
        200,
        {
          success: true,
          data: ['public', 'zeta', 'alpha'].map((TABLE_SCHEMA) => ({
            TABLE_CATALOG: 'postgres',
            TABLE_SCHEMA,
          })),
        },
      ]);
    }
  });

  it('lists databases that the login may connect to, and the schemas of one', async () => {
    const databases = await atlan.post('metadata', { ...credentials, type: 'database', database: '' });
    expect(databases.status, databases.text).toBe(200);
    const listed = databases.body?.data as { TABLE_CATALOG: string }[];
    expect(databases.body).toEqual({
      success: true,
      data: listed.map(({ TABLE_CATALOG }) => ({ TABLE_CATALOG })),
    });
    const names = listed.map(({ TABLE_CATALOG }) => TABLE_CATALOG);
    expect(names.filter((name) => name !== 'template1').sort()).toEqual(['hr', 'postgres']);
    const schemas = await atlan.post('metadata', { ...credentials, type: 'schema', database: 'hr' });
    expect([schemas.status, schemas.body]).toEqual([
      200,
      { success: true, data: [{ TABLE_CATALOG: 'hr', TABLE_SCHEMA: 'public' }] },
    ]);
  });

  it('checks schemas, tables and the version', async () => {
    const { status, body } = await atlan.post('check', { credentials, metadata });
    expect([status, body]).toEqual([
      200,
      {
        success: true,
        data: {
          databaseSchemaCheck: passed('Schemas and Databases check successful'),
          tablesCheck: passed('Tables check successful. Table count: 7'),
          versionCheck: passed(`Client version ${postgres.version} meets minimum required version 10.0`),
        },
      },
    ]);
  });

  it.each([
    ['a schema', { 'include-filter': '{"^postgres$":["^public$"]}' }, 6],
    ['an object instead of JSON', { 'include-filter': { '^postgres$': ['^public$'] } }, 6],
    ['no temporary tables', { 'temp-table-regex': '^temp_.*' }, 6],
    ['all but one', { 'include-filter': '', 'exclude-filter': '{"^postgres$":["^public$"]}' }, 1],
    ['all', { 'include-filter': '{}' }, 7],
    ['all of the database', { 'include-filter': '{"^postgres$":"*"}' }, 7],
    ['all of the database, as a list', { 'include-filter': '{"^postgres$":[]}' }, 7],
  ])('counts the tables of a filter for %s', async (_what, filters, count) => {
    const { body } = await atlan.post('check', { credentials, metadata: { ...metadata, ...filters } });
    expect(body).toMatchObject({
      success: true,
      data: { tablesCheck: passed(`Tables check successful. Table count: ${count}`) },
    });
  });

  it.each([
    { 'include-filter': '{"(":"*"}' },
    { 'exclude-filter': '{"^postgres$":["["]}' },
    { 'temp-table-regex': '(' },
  ])('refuses what is no regular expression: %j', async (filters) => {
    const asked = { ...metadata, ...filters };
    const { details } = expectRefusal(await atlan.post('check', { credentials, metadata: asked }), 422);
    expect(details).toContain('not a valid Postgres regular expression');
    const started = await atlan.post('start', { credentials, connection, metadata: asked });
    if (started.status === 200) expect(await endOf(atlan, started.data as never)).toBe('FAILED');
    else expectRefusal(started, 422);
  });

  it.each([
    ['{"^nodb$":["^public$"]}', 'Schemas and Databases check failed for nodb database'],
    ['{"^postgres$":["^public$","^nosch$"]}', 'Schemas and Databases check failed for postgres.nosch schema'],
  ])('reports what %s asks for and is not there', async (filter, failureMessage) => {
    const asked = { ...metadata, 'include-filter': filter };
    const { status, body } = await atlan.post('check', { credentials, metadata: asked });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: false,
      data: {
        databaseSchemaCheck: { success: false, successMessage: '', failureMessage },
        tablesCheck: { success: expect.any(Boolean) },
        versionCheck: { success: true },
        error: expect.any(String),
      },
    });
    // A run begins with the same checks.
    const started = await startRun(atlan, { credentials, connection, metadata: asked });
    expect(await endOf(atlan, started)).toBe('FAILED');
  });

  it('starts a run, which completes', async () => {
    const { status, body } = await atlan.post('start', { credentials, connection, metadata });
    expect([status, body]).toEqual([
      200,
      {
        success: true,
        message: 'Workflow started successfully',
        data: { workflow_id: expect.stringMatching(UUID), run_id: expect.stringMatching(UUID) },
      },
    ]);
    run = body?.data as StartedRun;
    expect(await endOf(atlan, run)).toBe('COMPLETED');
    const answer = await atlan.get(`status/${run.workflow_id}/${run.run_id}`);
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        success: true,
        message: 'Workflow status fetched successfully',
        data: {
          ...run,
          status: 'COMPLETED',
          execution_duration_seconds: expect.any(Number),
          last_executed_run_id: run.run_id,
        },
      },
    ]);
    const { execution_duration_seconds: seconds } = answer.data;
    expect(Number.isInteger(seconds)).toBe(true);
    expect(seconds).toBeLessThan(60);
  });

  it('has its result', async () => {
    const { status, body } = await atlan.get(`result/${run.workflow_id}`);
    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      message: expect.any(String),
      data: { status: 'completed', workflow_id: run.workflow_id, result: expect.anything() },
    });
  });

  it('returns what it was started with, without the credentials, and takes changes', async () => {
    const fetched = await atlan.get(`config/${run.workflow_id}`);
    const stored = {
      connection,
      metadata,
      application_name: 'postgres-app',
      workflow_id: run.workflow_id,
      output_prefix: '/tmp/output',
    };
    expect([fetched.status, fetched.body]).toEqual([
      200,
      {
        success: true,
        message: 'Workflow configuration fetched successfully',
        data: {
          ...stored,
          credential_guid: (fetched.data as Record<string, unknown>)?.credential_guid,
        },
      },
    ]);
    expect(fetched.data).toHaveProperty('credential_guid');
    expect(fetched.text).not.toContain(PASSWORD);

    const changed = { ...metadata, 'temp-table-regex': '^temp_.*' };
    const updated = await atlan.post(`config/${run.workflow_id}`, { metadata: changed, nothing_stored: 1 });
    expect([updated.status, updated.body]).toEqual([
      200,
      {
        success: true,
        message: 'Workflow configuration updated successfully',
        data: { ...(fetched.data as object), metadata: changed },
      },
    ]);
    const again = await atlan.get(`config/${run.workflow_id}`);
    expect(again.data).toEqual(updated.data);
  });

  it('wrote the files of the contract', async () => {
    const entities = await assertOutput(folderOf(run));
    const names = entities.filter(({ typeName }) => !['Column', 'Database'].includes(typeName));
    expect(names.map(({ attributes }) => attributes.qualifiedName).sort()).toEqual([...expectedNames].sort());
    const found = new Map(entities.map((entity) => [entity.attributes.qualifiedName, entity]));
    for (const [name, expected] of Object.entries(expectedEntities))
      expect(withoutTimes(found.get(name) as AtlanEntity), name).toEqual(expected);
    for (const { attributes } of entities)
      expect([attributes.lastSyncWorkflowName, attributes.lastSyncRun]).toEqual([
        run.workflow_id,
        run.run_id,
      ]);
  });

  it('runs again with the stored configuration, as it was changed', async () => {
    const second = await startRun(atlan, { workflow_id: run.workflow_id, credentials });
    expect(second.workflow_id).toBe(run.workflow_id);
    expect(second.run_id).not.toBe(run.run_id);
    expect(await endOf(atlan, second)).toBe('COMPLETED');
    const entities = await assertOutput(folderOf(second));
    const temporary = expectedNames.filter((name) => name.endsWith('/temp_import'));
    expect(entities.map(({ attributes }) => attributes.qualifiedName)).not.toContain(temporary[0]);
    expect(entities.length).toBeGreaterThan(10);
    const first = await atlan.get(`status/${run.workflow_id}/${run.run_id}`);
    expect(first.body).toMatchObject({
      data: { ...run, status: 'COMPLETED', last_executed_run_id: second.run_id },
    });
  });

  it.each([
    ['city/postgres', 'city/postgres'],
    ['/city', 'city'],
    ['/tmp/output', ''],
  ])('writes below the output_prefix %s, and under the name that was asked for', async (prefix, folder) => {
    const name = `nightly-${folder.replaceAll('/', '-')}`;
    const started = await startRun(atlan, {
      credentials,
      connection,
      metadata,
      output_prefix: prefix,
      argo_workflow_name: name,
    });
    expect(started.workflow_id).toBe(name);
    expect(await endOf(atlan, started)).toBe('COMPLETED');
    await assertOutput(folderOf(started, folder));
    expect((await atlan.get(`config/${name}`)).body).toMatchObject({ data: { output_prefix: prefix } });
  });

  it.each([
    ['a wrong password', { password: 'falsch' }],
    ['a user that there is not', { username: 'nobody' }],
    ['a password in capitals', { password: PASSWORD.toUpperCase() }],
  ])('refuses %s everywhere', async (_what, wrong) => {
    const body = { ...credentials, ...wrong };
    const refused = await atlan.post('auth', body);
    const { data } = expectRefusal(refused, 401);
    expect(data).toEqual({ status: 'invalid_credentials' });
    // There is no secret of a source here.
    expect(refused.text).toContain('Check username and password in the credentials that were sent.');
    expect(refused.text).not.toContain('secret');
    expectRefusal(await atlan.post('metadata', { ...body, type: 'all', database: '' }), 401);
    expectRefusal(await atlan.post('check', { credentials: body, metadata }), 401);
    const started = await startRun(atlan, { credentials: body, connection, metadata });
    expect(await endOf(atlan, started)).toBe('FAILED');
    const result = await atlan.get(`result/${started.workflow_id}`);
    expect(result.body).toMatchObject({
      data: {
        status: 'failed',
        workflow_id: started.workflow_id,
        error: expect.stringMatching(/.{10}/),
      },
    });
  });

  it('refuses an empty password', async () => {
    const body = { ...credentials, password: '' };
    expectRefusal(await atlan.post('auth', body), 401, 422);
    expectRefusal(await atlan.post('metadata', { ...body, type: 'all', database: '' }), 401, 422);
    expectRefusal(await atlan.post('check', { credentials: body, metadata }), 401, 422);
  });

  it('refuses a database that there is not', async () => {
    const body = { ...credentials, extra: { database: 'nodb' } };
    expectRefusal(await atlan.post('auth', body), 401, 422);
    expectRefusal(await atlan.post('metadata', { ...body, type: 'all', database: '' }), 401, 422);
  });

  it('says that a database takes no connections, and blames no password', async () => {
    const body = { ...credentials, type: 'schema', database: 'template0' };
    const refused = await atlan.post('metadata', body);
    expect(expectRefusal(refused, 422).details).toMatch(
      /^The database "template0" at \S+ takes no connections/,
    );
    expect(refused.text).not.toMatch(/password|secret/);
  });

  it('speaks of the credentials that were sent where the server refuses them in words of its own', async () => {
    await postgres.query(`CREATE ROLE broken LOGIN PASSWORD '${PASSWORD}'`);
    await postgres.query("ALTER ROLE broken SET session_preload_libraries = 'nix'");
    const refused = await atlan.post('auth', { ...credentials, username: 'broken' });
    expect(expectRefusal(refused, 502).details).toMatch(/refused the connection: .*nix/);
    expect(refused.text).toContain('Check username and password in the credentials that were sent,');
    expect(refused.text).not.toContain('secret');
  });

  it('says that a version is too old', async () => {
    await using strict = await startAtlan({
      args: ['--allow-hosts', '127.0.0.0/8'],
      environment: { ATLAN_SQL_SERVER_MIN_VERSION: '99.0' },
    });
    const { status, body } = await strict.post('check', { credentials, metadata });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: false,
      data: { versionCheck: { success: false, failureMessage: expect.stringContaining('99.0') } },
    });
  });
});
