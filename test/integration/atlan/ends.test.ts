import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOutputStore } from '../../../shared/extraction/output/open-output-store.ts';
import { parseHostRule } from '../../../shared/network/host-rule.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { realClock } from '../../../shared/sleep.ts';
import { connection } from '../../support/atlan/catalog.ts';
import { holdCatalog } from '../../support/atlan/hold-catalog.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { atlanSettings, type DoomedReplicaInput } from '../../support/serve/doomed-replica.ts';
import { FAST_LEASES, type Replica, type ServeSetup, startServe } from '../../support/serve/start-serve.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';

// How runs of callers end, or do not begin, over one state that all replicas share.

const SCRIPT = fileURLToPath(new URL('../../support/serve/doomed-replica.ts', import.meta.url));
const LOCAL = '127.0.0.0/8';
const metadata = { 'include-filter': '{}', 'exclude-filter': '{}', 'temp-table-regex': '' };

let postgres: PostgresServer;
let folder: string;
let replica: Replica;
let shiftMs = 0;
/** Where db.example.org is, and how often somebody wanted to know. */
let address = '127.0.0.1';
let lookUps = 0;
/** What the next file of an output waits for. */
let gate: { at: 'putFile' | 'put'; reached: () => void; opened: Promise<void> } | undefined;
let count = 0;

const settings = (): Pick<ServeSetup, 'config' | 'secrets' | 'workFolder'> => ({
  config: {
    version: 1,
    sources: { erp: { ...sourceConfig(postgres, 'erp'), maxConcurrentRuns: 1 } },
    polyteia: { default: { token: 'polyteia' } },
    syncs: { orders: { source: 'erp', dataset: 'ds_cv4t2cf0i6q1gflvu4m0', query: 'SELECT 1 AS a' } },
    extractions: { nightly: { sources: ['erp'] } },
  },
  secrets: { erp: { username: postgres.user, password: postgres.password } },
  workFolder: join(folder, 'work'),
});
const hostRule = parseHostRule('db.example.org, 127.0.0.1', '--allow-hosts', {
  lookup: (_host, _options, callback) => {
    lookUps += 1;
    callback(null, [{ address, family: 4 }]);
  },
});
const documents = () => createFolderDocumentStore(join(folder, 'state'));

beforeAll(async () => {
  [postgres, folder] = await Promise.all([startPostgres(), mkdtemp(join(tmpdir(), 'ferry ends ü '))]);
  await postgres.query('CREATE TABLE t (id int)');
  replica = await startServe({
    ...settings(),
    documents: documents(),
    maxRuns: 20,
    atlan: { ...atlanSettings(LOCAL), rules: { hostRule, roleArns: [], tls: { mode: 'disable' } } },
    clock: { ...realClock, now: () => Date.now() + shiftMs },
    async openOutput(output) {
      const store = await openOutputStore({
        output,
        own: { folder: join(folder, 'work') },
        client: () => {
          throw new Error('This test writes to folders only.');
        },
      });
      const pass = async (at: 'putFile' | 'put') => {
        if (gate?.at !== at) return;
        gate.reached();
        await gate.opened;
      };
      return {
        ...store,
        async putFile(...file) {
          await pass('putFile');
          await store.putFile(...file);
        },
        async put(...document) {
          await pass('put');
          await store.put(...document);
        },
      };
    },
  });
}, 60_000);
afterAll(async () => {
  await replica?.stop();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

const callAt = async (api: string, path: string, body?: unknown) => {
  const response = await fetch(`${api}/workflows/v1/${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  // biome-ignore lint/suspicious/noExplicitAny: any answer
  return { status: response.status, body: (await response.json()) as any };
};
const call = (path: string, body?: unknown) => callAt(replica.api, path, body);

const credentials = () => ({
  host: '127.0.0.1',
  port: postgres.port,
  username: postgres.user,
  password: postgres.password,
  extra: { database: 'postgres' },
});
const bodyOf = (more: object = {}) => {
  count += 1;
  return { connection, metadata, argo_workflow_name: `workflow-${count}`, ...more };
};

interface Started {
  workflow_id: string;
  run_id: string;
}
async function start(more: object, api = replica.api): Promise<Started> {
  const { status, body } = await callAt(api, 'start', bodyOf(more));
  expect(status, JSON.stringify(body)).toBe(200);
  return body.data;
}
const statusOf = async ({ workflow_id, run_id }: Started, api = replica.api): Promise<string> =>
  (await callAt(api, `status/${workflow_id}/${run_id}`)).body.data?.status;
const endOf = (run: Started, api = replica.api) =>
  waitFor(
    'the end of a run',
    async () => {
      const status = await statusOf(run, api);
      return status === 'RUNNING' ? undefined : status;
    },
    40_000,
  );
const filesOf = (workflow: string) =>
  readdir(join(folder, 'work', 'artifacts', workflow)).catch(() => [] as string[]);

describe('a run that is stopped', () => {
  it.each(['putFile', 'put'] as const)('while it publishes (%s) is not pointed at', async (at) => {
    const reached = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    gate = { at, reached: reached.resolve, opened: opened.promise };
    try {
      const run = await start({ credentials: credentials() });
      await reached.promise;
      const { workflow_id, run_id } = run;
      expect((await call(`stop/${workflow_id}/${run_id}`, {})).status).toBe(200);
      // Heartbeats bring the request.
      await setTimeout(3 * FAST_LEASES.heartbeatMs);
      opened.resolve();
      gate = undefined;
      expect(await endOf(run)).toBe('TERMINATED');
      expect(await filesOf(workflow_id)).not.toContain('latest.json');
      expect((await call(`result/${workflow_id}`)).body.data.status).toBe('failed');
    } finally {
      opened.resolve();
      gate = undefined;
    }
  });

  it('while it waits for a slot of its source never begins', async () => {
    await using held = await holdCatalog(postgres);
    const first = await start({ credential_guid: 'erp' });
    await held.reached();
    const waiting = await start({ credential_guid: 'erp' });
    const { workflow_id, run_id } = waiting;
    await replica.logged(new RegExp(`${run_id}[^\\n]*slot|slot[^\\n]*${run_id}`));
    expect(await statusOf(waiting)).toBe('RUNNING');
    expect((await call(`stop/${workflow_id}/${run_id}`, {})).status).toBe(200);
    expect(await endOf(waiting)).toBe('TERMINATED');
    expect(await statusOf(first)).toBe('RUNNING');
    await held.release();
    expect(await endOf(first)).toBe('COMPLETED');
    expect(await filesOf(workflow_id)).toEqual([]);
  });
});

describe('a name that leads elsewhere in mid-run', () => {
  it('is refused also to the connection that cancels a statement', async () => {
    let visits = 0;
    const elsewhere = createServer((socket) => {
      visits += 1;
      socket.destroy();
    }).listen(postgres.port, '127.0.0.2');
    await once(elsewhere, 'listening');
    try {
      await using held = await holdCatalog(postgres);
      lookUps = 0;
      // A stop between two tries at the lock has nothing to cancel, so nobody looks the name up.
      for (let round = 0; round < 5 && lookUps === 0; round += 1) {
        address = '127.0.0.1';
        const run = await start({ credentials: { ...credentials(), host: 'db.example.org' } });
        await held.reached();
        address = '127.0.0.2';
        lookUps = 0;
        expect((await call(`stop/${run.workflow_id}/${run.run_id}`, {})).status).toBe(200);
        // Whichever of its connections comes first: one to cancel, or one to try again.
        expect(await endOf(run)).toMatch(/^(TERMINATED|FAILED)$/);
        expect(visits).toBe(0);
        expect(await filesOf(run.workflow_id)).not.toContain('latest.json');
      }
      expect(lookUps).toBeGreaterThan(0);
    } finally {
      address = '127.0.0.1';
      elsewhere.close();
    }
  });
});

describe('20 starts at once', () => {
  it.each(['an extraction of the configuration', 'a workflow by its id'])(
    'of %s begin one run',
    async (what) => {
      let body: object = { workflow_id: 'nightly' };
      if (what.endsWith('id')) {
        const { workflow_id } = await start({ credentials: credentials() }).then(async (run) => {
          await endOf(run);
          return run;
        });
        body = { workflow_id, credentials: credentials() };
      }
      await using held = await holdCatalog(postgres);
      const answers = await Promise.all(Array.from({ length: 20 }, () => call('start', body)));
      const begun = answers.filter(({ status }) => status === 200);
      expect(begun).toHaveLength(1);
      const run: Started = begun[0]?.body.data;
      const others = answers.filter(({ status }) => status !== 200);
      expect(others.map((one) => [one.status, one.body.data?.run_id])).toEqual(
        Array.from({ length: 19 }, () => [409, run.run_id]),
      );
      await held.release();
      expect(await endOf(run)).toBe('COMPLETED');
    },
  );
});

describe('a ninth run with credentials', () => {
  it('waits outside until one of the eight has ended, also one that failed at once', async () => {
    const sent = { credentials: credentials() };
    await using held = await holdCatalog(postgres);
    const runs = await Promise.all(Array.from({ length: 8 }, () => start(sent)));
    expect((await call('start', bodyOf(sent))).status).toBe(503);
    // Only such runs count.
    const [first] = runs;
    expect((await call(`stop/${first?.workflow_id}/${first?.run_id}`, {})).status).toBe(200);
    expect(await endOf(first as Started)).toBe('TERMINATED');
    for (let round = 0; round < 2; round += 1) {
      const failing = await start({ credentials: { ...credentials(), password: 'wrong' } });
      expect(await endOf(failing)).toBe('FAILED');
    }
    runs.push(await start(sent));
    expect((await call('start', bodyOf(sent))).status).toBe(503);
    await held.release();
    for (const run of runs.slice(1)) expect(await endOf(run)).toBe('COMPLETED');
  });
});

describe('a source by name together with a host', () => {
  it('is the source; nobody connects to the host', async () => {
    let visits = 0;
    const other = createServer((socket) => {
      visits += 1;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    try {
      const { port } = other.address() as { port: number };
      const sent = { ...credentials(), port, password: 'Kanarienvogel' };
      const inside = { ...sent, credential_guid: 'erp' };
      const beside = { credentials: sent, credential_guid: 'erp' };
      for (const body of [inside, { credentials: inside }, beside]) {
        expect((await call('auth', body)).status).toBe(200);
        expect((await call('metadata', { ...body, type: 'all' })).status).toBe(200);
      }
      for (const body of [{ credentials: inside }, beside]) {
        expect((await call('check', { ...body, metadata })).status).toBe(200);
        expect(await endOf(await start(body))).toBe('COMPLETED');
      }
      expect(visits).toBe(0);
    } finally {
      other.close();
    }
  });
});

describe('the name of a sync', () => {
  it('is no workflow', async () => {
    const runId = '0190f9f0-0000-7000-8000-000000000000';
    const found = await fetch(`${replica.api}/jobs/orders/runs`, { method: 'POST' });
    const { runId: own } = (await found.json()) as { runId: string };
    for (const id of [own, runId]) {
      expect((await call(`status/orders/${id}`)).status).toBe(404);
      expect((await call(`stop/orders/${id}`, {})).status).toBe(404);
    }
    for (const path of ['result/orders', 'config/orders']) expect((await call(path)).status).toBe(404);
    expect((await call('start', bodyOf({ workflow_id: 'orders', credentials: credentials() }))).status).toBe(
      422,
    );
  });
});

describe('the end of the process', () => {
  /** Another replica, in a process of its own. */
  async function startDoomed() {
    const input: DoomedReplicaInput = {
      ...settings(),
      state: { folder: join(folder, 'state') },
      moment: 'none',
      allowHosts: LOCAL,
    };
    const child = spawn(process.execPath, [SCRIPT, JSON.stringify(input)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const [text] = (await once(child.stdout, 'data')) as [Buffer];
    const [, api = ''] = /^api (.*)$/m.exec(String(text)) ?? [];
    const end = async () => {
      child.kill('SIGKILL');
      await ended;
    };
    return { api, end, [Symbol.asyncDispose]: end };
  }
  /** Another replica that ends as by SIGTERM. */
  async function startOrderly() {
    const { api, stop } = await startServe({
      ...settings(),
      documents: documents(),
      atlan: atlanSettings(LOCAL),
    });
    return { api, end: stop, [Symbol.asyncDispose]: stop };
  }

  it.each([
    ['SIGKILL', startDoomed],
    ['SIGTERM', startOrderly],
  ] as const)(
    'by %s fails a run with credentials, and hands over one of a source',
    async (_signal, begin) => {
      await using held = await holdCatalog(postgres);
      await using other = await begin();
      const raw = await start({ credentials: credentials() }, other.api);
      const named = await start({ credential_guid: 'erp' }, other.api);
      await waitFor(
        'both at the locked catalog',
        async () => {
          const { rows } = await postgres.query('SELECT 1 FROM pg_locks WHERE NOT granted');
          return rows.length > 1 ? true : undefined;
        },
        20_000,
      );
      await other.end();
      await held.release();
      expect(await endOf(raw)).toBe('FAILED');
      expect(await endOf(named)).toBe('COMPLETED');
      const runs = createRunStore(documents());
      const record = await runs.get(raw.run_id);
      expect(record?.error?.class).toBe('LostError');
      expect(record?.attempts ?? []).toHaveLength(1);
      expect(await filesOf(raw.workflow_id)).not.toContain('latest.json');
      expect(await filesOf(named.workflow_id)).toContain('latest.json');
    },
  );
});

describe('a definition', () => {
  it('that expires while its run is under way does not end the run', async () => {
    await using held = await holdCatalog(postgres);
    const run = await start({ credentials: credentials() });
    await held.reached();
    try {
      shiftMs = 31 * 86_400_000;
      expect((await call(`config/${run.workflow_id}`)).status).toBe(404);
      await held.release();
      expect(await endOf(run)).toBe('COMPLETED');
      expect((await call(`result/${run.workflow_id}`)).body.data.status).toBe('completed');
    } finally {
      shiftMs = 0;
    }
  });
});
