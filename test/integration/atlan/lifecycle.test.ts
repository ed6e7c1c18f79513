import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { connection, createCatalog } from '../../support/atlan/catalog.ts';
import { holdCatalog } from '../../support/atlan/hold-catalog.ts';
import { expectRefusal } from '../../support/atlan/refusals.ts';
import {
  type AtlanServer,
  type AtlanSetup,
  endOf,
  type StartedRun,
  startAtlan,
  startRun,
} from '../../support/atlan/start-atlan.ts';
import { withClockOf } from '../../support/runs/wrong-clock.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';

// What becomes of a run, from 20 starts at once to the end of the process that it ran in.

const UNKNOWN = '0190f9f0-0000-7000-8000-000000000000';
const PASSWORD = 'ganz-geheim-4711';
const metadata = { 'include-filter': '{}', 'exclude-filter': '{}', 'temp-table-regex': '' };

let postgres: PostgresServer;
let folder: string;
let atlan: AtlanServer;
let credentials: Record<string, unknown>;
let count = 0;
beforeAll(async () => {
  [postgres, folder] = await Promise.all([startPostgres(), mkdtemp(join(tmpdir(), 'ferry lifecycle ü '))]);
  await createCatalog(postgres);
  await postgres.query(`CREATE ROLE reader LOGIN PASSWORD '${PASSWORD}'`);
  credentials = {
    host: postgres.host,
    port: postgres.port,
    username: 'reader',
    password: PASSWORD,
    extra: { database: 'postgres' },
  };
  atlan = await start();
});
afterAll(async () => {
  await atlan?.stop();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

const start = (setup: AtlanSetup = {}) =>
  startAtlan({ ...setup, args: ['--allow-hosts', '127.0.0.0/8', ...(setup.args ?? [])] });
const bodyOf = (name: string, more: object = {}) => ({
  credentials,
  connection,
  metadata,
  argo_workflow_name: name,
  ...more,
});
const dataOf = async (server: AtlanServer, path: string) => (await server.get(path)).data;
const newName = () => {
  count += 1;
  return `nightly-${count}`;
};
const outputOf = (server: AtlanServer, name: string) =>
  readdir(join(server.folder, '.ferry', 'artifacts', name)).catch(() => [] as string[]);

describe('a run', () => {
  it('is one of 20 starts at once of its workflow, and the others learn its id', async () => {
    await using held = await holdCatalog(postgres);
    const name = newName();
    const answers = await Promise.all(Array.from({ length: 20 }, () => atlan.post('start', bodyOf(name))));
    const started = answers.filter(({ status }) => status === 200);
    expect(started).toHaveLength(1);
    const run = started[0]?.body?.data as StartedRun;
    expect(run.workflow_id).toBe(name);
    for (const answer of answers.filter((one) => one !== started[0]))
      expect(expectRefusal(answer, 409).details).toContain(run.run_id);

    await held.reached();
    // Nor does such a start change what the workflow is.
    const other = { connection: { ...connection, connection_name: 'other' }, output_prefix: 'elsewhere' };
    expectRefusal(await atlan.post('start', bodyOf(name, other)), 409);
    expectRefusal(await atlan.post('start', { workflow_id: name, credentials }), 409);
    expect(await dataOf(atlan, `config/${name}`)).toMatchObject({ connection, output_prefix: '/tmp/output' });
    expect(await dataOf(atlan, `status/${name}/${run.run_id}`)).toMatchObject({ status: 'RUNNING' });

    await held.release();
    expect(await endOf(atlan, run)).toBe('COMPLETED');
    expect((await outputOf(atlan, name)).filter((file) => file !== 'latest.json')).toEqual([run.run_id]);
    const next = await startRun(atlan, bodyOf(name));
    expect(await endOf(atlan, next)).toBe('COMPLETED');
  });

  it('runs beside one of another workflow', async () => {
    await using held = await holdCatalog(postgres);
    const runs = [await startRun(atlan, bodyOf(newName())), await startRun(atlan, bodyOf(newName()))];
    await held.reached();
    for (const { workflow_id, run_id } of runs)
      expect(await dataOf(atlan, `status/${workflow_id}/${run_id}`)).toMatchObject({ status: 'RUNNING' });
    await held.release();
    for (const run of runs) expect(await endOf(atlan, run)).toBe('COMPLETED');
  });

  it('has a result that can be waited for', async () => {
    await using held = await holdCatalog(postgres);
    const run = await startRun(atlan, bodyOf(newName()));
    const { workflow_id } = run;
    const now = await atlan.get(`result/${workflow_id}`);
    expect([now.status, now.body]).toMatchObject([
      200,
      { success: true, data: { status: 'running', workflow_id } },
    ]);
    expect((await atlan.get(`result/${workflow_id}?wait=false`)).body).toMatchObject({
      data: { status: 'running' },
    });
    const waiting = atlan.get(`result/${workflow_id}?wait=TRUE`);
    await held.reached();
    await held.release();
    const answer = await waiting;
    expect([answer.status, answer.body]).toMatchObject([
      200,
      { success: true, data: { status: 'completed', workflow_id, result: expect.anything() } },
    ]);
    expect((await atlan.get(`result/${workflow_id}?wait=perhaps`)).status).toBe(422);
  });
});

describe('a run whose database never says a word', () => {
  it('is TIMED_OUT when its time is over', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    try {
      await using impatient = await start({ args: ['--timeout', '1s'] });
      const { port } = silent.address() as AddressInfo;
      const run = await startRun(impatient, bodyOf(newName(), { credentials: { ...credentials, port } }));
      expect(await endOf(impatient, run)).toBe('TIMED_OUT');
      expect(await outputOf(impatient, run.workflow_id)).toEqual([]);
      expect(await dataOf(impatient, `result/${run.workflow_id}`)).toMatchObject({ status: 'failed' });
    } finally {
      silent.close();
    }
  });
});

describe('a run that is stopped', () => {
  it('while it reads ends TERMINATED, and leaves no file', async () => {
    await using held = await holdCatalog(postgres);
    const run = await startRun(atlan, bodyOf(newName()));
    await held.reached();
    const path = `${run.workflow_id}/${run.run_id}`;
    const stopped = await atlan.post(`stop/${path}`);
    expect([stopped.status, stopped.body]).toEqual([200, { success: true }]);
    expect(await endOf(atlan, run)).toBe('TERMINATED');
    expect(await outputOf(atlan, run.workflow_id)).toEqual([]);
    expect(await dataOf(atlan, `result/${run.workflow_id}`)).toMatchObject({ status: 'failed' });
    expectRefusal(await atlan.post(`stop/${path}`), 404, 409);
    await held.release();
    // The workflow is free again.
    expect(await endOf(atlan, await startRun(atlan, bodyOf(run.workflow_id)))).toBe('COMPLETED');
  });

  it('while it waits for its turn never begins', async () => {
    await using held = await holdCatalog(postgres);
    await using narrow = await start({ args: ['--max-runs', '1'] });
    const first = await startRun(narrow, bodyOf(newName()));
    await held.reached();
    const waiting = await startRun(narrow, bodyOf(newName()));
    const path = `${waiting.workflow_id}/${waiting.run_id}`;
    expect(await dataOf(narrow, `status/${path}`)).toMatchObject({ status: 'RUNNING' });
    const stopped = await narrow.post(`stop/${path}`);
    expect([stopped.status, stopped.body]).toEqual([200, { success: true }]);
    expect(await endOf(narrow, waiting)).toBe('TERMINATED');
    expect(await dataOf(narrow, `status/${first.workflow_id}/${first.run_id}`)).toMatchObject({
      status: 'RUNNING',
    });
    await held.release();
    expect(await endOf(narrow, first)).toBe('COMPLETED');
    expect(await outputOf(narrow, waiting.workflow_id)).toEqual([]);
  });

  it('twice at once is stopped', async () => {
    await using held = await holdCatalog(postgres);
    const run = await startRun(atlan, bodyOf(newName()));
    await held.reached();
    const path = `stop/${run.workflow_id}/${run.run_id}`;
    const answers = await Promise.all(Array.from({ length: 5 }, () => atlan.post(path)));
    for (const { status } of answers) expect([200, 404, 409]).toContain(status);
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    expect(await endOf(atlan, run)).toBe('TERMINATED');
    await held.release();
  });

  it('after its end stays what it is', async () => {
    const run = await startRun(atlan, bodyOf(newName()));
    expect(await endOf(atlan, run)).toBe('COMPLETED');
    expectRefusal(await atlan.post(`stop/${run.workflow_id}/${run.run_id}`), 404, 409);
    expect(await endOf(atlan, run)).toBe('COMPLETED');
  });
});

describe('the id of a run', () => {
  it('may be in capitals, as some clients write a UUID', async () => {
    await using held = await holdCatalog(postgres);
    const { workflow_id, run_id } = await startRun(atlan, bodyOf(newName()));
    const path = `${workflow_id}/${run_id.toUpperCase()}`;
    expect(await dataOf(atlan, `status/${path}`)).toMatchObject({ run_id, status: 'RUNNING' });
    await held.reached();
    expect((await atlan.post(`stop/${path}`)).status).toBe(200);
    expect(await endOf(atlan, { workflow_id, run_id })).toBe('TERMINATED');
  });
});

describe('ids that there are not', () => {
  it('are 404, also of another workflow’s run', async () => {
    const [one, other] = await Promise.all([
      startRun(atlan, bodyOf(newName())),
      startRun(atlan, bodyOf(newName())),
    ]);
    await Promise.all([endOf(atlan, one), endOf(atlan, other)]);
    for (const path of [
      `${UNKNOWN}/${UNKNOWN}`,
      `${one.workflow_id}/${UNKNOWN}`,
      `${UNKNOWN}/${one.run_id}`,
      `${one.workflow_id}/${other.run_id}`,
      `${one.workflow_id}/not-an-id`,
    ]) {
      expectRefusal(await atlan.get(`status/${path}`), 404);
      expectRefusal(await atlan.post(`stop/${path}`), 404);
    }
    for (const path of [
      `result/${UNKNOWN}`,
      `result/${UNKNOWN}?wait=true`,
      `config/${UNKNOWN}`,
      'config/constructor',
    ])
      expectRefusal(await atlan.get(path), 404);
    expectRefusal(await atlan.post(`config/${UNKNOWN}`, { metadata }), 404);
  });
});

describe('the end of the process', () => {
  it('in mid-run ends a run with raw credentials which nobody takes over', async () => {
    const state = join(folder, 'raw');
    await postgres.query(`CREATE ROLE passing LOGIN PASSWORD '${PASSWORD}'`);
    const own = { ...credentials, username: 'passing' };
    await using held = await holdCatalog(postgres);
    const first = await start({ folder: state });
    const run = await startRun(first, bodyOf(newName(), { credentials: own }));
    await held.reached();
    await first.stop();
    await postgres.query('ALTER ROLE passing NOLOGIN');
    await held.release();
    await using second = await start({ folder: state });
    expect(await endOf(second, run)).toMatch(/^(FAILED|TERMINATED)$/);
    const answer = await second.get(`result/${run.workflow_id}`);
    expect(answer.body).toMatchObject({ data: { status: 'failed', error: expect.stringMatching(/.{20}/) } });
    expect(answer.text).not.toContain(PASSWORD);
    expect(await outputOf(second, run.workflow_id)).toEqual([]);
    // Its configuration is still there, and it can be started again.
    await postgres.query('ALTER ROLE passing LOGIN');
    expect(await dataOf(second, `config/${run.workflow_id}`)).toMatchObject({ connection, metadata });
    const again = await startRun(second, { workflow_id: run.workflow_id, credentials: own });
    expect(await endOf(second, again)).toBe('COMPLETED');
  });

  it('in mid-run lets the next one finish a run of a configured source', async () => {
    const state = await withSource();
    await using held = await holdCatalog(postgres);
    const first = await startAtlan({ folder: state, args: ['--secrets', 'secrets.json'] });
    const run = await startRun(first, {
      credential_guid: 'erp',
      connection,
      metadata,
      argo_workflow_name: 'own',
    });
    await held.reached();
    await first.stop();
    await using second = await startAtlan({ folder: state, args: ['--secrets', 'secrets.json'] });
    await held.release();
    expect(await endOf(second, run)).toBe('COMPLETED');
    expect(await outputOf(second, 'own')).toContain(run.run_id);
  });
});

describe('a stored configuration', () => {
  it('expires', async () => {
    const state = join(folder, 'expiring');
    const setup = { folder: state, args: ['--config-days', '3'] };
    const name = newName();
    await using now = await start(setup);
    expect(await endOf(now, await startRun(now, bodyOf(name)))).toBe('COMPLETED');
    for (const [days, status] of [
      [2, 200],
      [4, 404],
    ] as const)
      await withClockOf(days * 24, async () => {
        await using later = await start(setup);
        const { status: found } = await later.get(`config/${name}`);
        expect([days, found]).toEqual([days, status]);
        if (status === 404)
          expectRefusal(await later.post('start', { workflow_id: name, credentials }), 404, 422);
      });
  });
});

describe('a configured source', () => {
  it('is all that the routes need, and raw credentials stay refused', async () => {
    await using own = await startAtlan({ folder: await withSource(), args: ['--secrets', 'secrets.json'] });
    const guid = { credential_guid: 'erp' };
    expect((await own.post('auth', guid)).body).toEqual({
      success: true,
      message: 'Authentication successful',
    });
    expect((await own.post('metadata', { ...guid, type: 'all', database: '' })).body).toMatchObject({
      success: true,
      data: [{ TABLE_CATALOG: 'postgres', TABLE_SCHEMA: 'public' }, {}, {}],
    });
    expect((await own.post('check', { ...guid, metadata })).body).toMatchObject({ success: true });
    const run = await startRun(own, { ...guid, connection, metadata });
    expect(await endOf(own, run)).toBe('COMPLETED');
    expect(await dataOf(own, `config/${run.workflow_id}`)).toMatchObject(guid);
    // Its stored configuration is enough to start it again.
    expect(await endOf(own, await startRun(own, { workflow_id: run.workflow_id }))).toBe('COMPLETED');

    for (const body of [{ credential_guid: 'nobody' }, { credential_guid: '' }, credentials])
      expectRefusal(await own.post('auth', body), 404, 422);
    expectRefusal(await own.post('start', { credentials, connection, metadata }), 422);
    expectRefusal(await own.post('start', { credential_guid: 'nobody', connection, metadata }), 404, 422);
    expectRefusal(await own.post(`config/${run.workflow_id}`, { credential_guid: 'nobody' }), 404, 422);
  });
});

/** A folder whose ferry.yaml has the server as source `erp`. */
async function withSource(): Promise<string> {
  const path = await mkdtemp(join(folder, 'source '));
  const config = { version: 1, sources: { erp: sourceConfig(postgres, 'erp') } };
  await writeFile(join(path, 'ferry.yaml'), stringify(config));
  const { user: username, password } = postgres;
  await writeFile(join(path, 'secrets.json'), JSON.stringify({ erp: { username, password } }));
  return path;
}
