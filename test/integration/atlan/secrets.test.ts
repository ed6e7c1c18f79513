import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connection, createCatalog } from '../../support/atlan/catalog.ts';
import { holdCatalog } from '../../support/atlan/hold-catalog.ts';
import { type AtlanServer, endOf, startAtlan, startRun } from '../../support/atlan/start-atlan.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

// Credentials of a body live in memory, for one run. Each of them is marked, and everything that Ferry says, logs, writes and keeps is
// searched for the marks.

const PASSWORD = `Kanarie p' "q" \\ $$ a=b\n&ü%20ß`;
const marks = [/kanarie/i, /a2FuYXJpZ/, /S2FuYXJpZ/];
const metadata = { 'include-filter': '{}', 'exclude-filter': '{}', 'temp-table-regex': '' };

let postgres: PostgresServer;
let mute: Server;
let atlan: AtlanServer;
let credentials: Record<string, unknown>;
beforeAll(async () => {
  postgres = await startPostgres({ password: PASSWORD });
  await createCatalog(postgres);
  mute = createServer((socket) => {
    socket.on('error', () => {});
    socket.end('Kanarie of a server\r\n');
  }).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  atlan = await startAtlan({
    args: ['--allow-hosts', '127.0.0.0/8'],
    environment: { LOG_LEVEL: 'debug', LOG_FORMAT: 'json' },
  });
  const { host, port, user: username, password } = postgres;
  credentials = { host, port, username, password, extra: { database: 'postgres', comment: 'Kanarie extra' } };
});
afterAll(async () => {
  mute?.close();
  await atlan?.stop();
  await postgres?.stop();
});

/** A run in progress removes files while they are read. */
const contentOf = (path: string) =>
  readFile(path, 'latin1').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return '';
  });

/** All that there is of a server's words and files. */
async function everything(): Promise<string> {
  const entries = await readdir(atlan.folder, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => `${entry.name}\n${await contentOf(join(entry.parentPath, entry.name))}`),
  );
  return [atlan.output(), ...atlan.answers, ...files].join('\n');
}

async function expectNoMarks(): Promise<void> {
  const text = await everything();
  for (const mark of marks) {
    const at = text.search(mark);
    expect(at < 0 ? '' : text.slice(Math.max(0, at - 200), at + 100), String(mark)).toBe('');
  }
}

describe('a secret of a body', () => {
  it('shows nowhere, whatever is asked and whatever goes wrong', async () => {
    const port = (mute.address() as AddressInfo).port;
    const wrong: Record<string, unknown>[] = [
      credentials,
      { ...credentials, password: 'Kanarie falsch' },
      { ...credentials, host: '127.0.0.1', port },
      { ...credentials, port: 'Kanarie' },
      { ...credentials, authType: 'Kanarie' },
      {
        ...credentials,
        authType: 'iam_user',
        username: 'AKIAKANARIE',
        region: 'eu-central-1',
        extra: { username: 'x', database: 'postgres' },
      },
      { ...credentials, authType: 'iam_role', extra: { role_arn: 'Kanarie', external_id: 'Kanarie' } },
      { ...credentials, extra: '{"database": "postgres", "Kanarie' },
      { ...credentials, extra: ['Kanarie'] },
      { ...credentials, compiled_url: `postgresql://u:Kanarie@127.0.0.1:${port}/x` },
      { password: PASSWORD },
    ];
    for (const body of wrong) {
      const pairs = Object.entries(body).map(([key, value]) => ({ key, value }));
      await Promise.all([
        atlan.post('auth', body),
        atlan.post('auth', { credentials: pairs }),
        atlan.post('metadata', { ...body, type: 'all', database: '' }),
        atlan.post('metadata', { ...body, type: 'schema', database: 'nodb' }),
        atlan.post('check', { credentials: body, metadata }),
        atlan.post('check', { credentials: body, metadata: { ...metadata, 'include-filter': '{"(":"*"}' } }),
        atlan.post('start', {
          credentials: body,
          connection,
          metadata,
          argo_workflow_name: `w${wrong.indexOf(body)}`,
        }),
        atlan.post('start', { credentials: body, connection: 5, metadata }),
      ]);
    }
    await atlan.post('auth', JSON.stringify(credentials).slice(0, -3));
    await atlan.post('auth', { ...credentials, padding: 'x'.repeat(1_000_000) });
    await atlan.get(`status/w0/${encodeURIComponent('x')}?password=1`);
    expect(atlan.answers.length).toBeGreaterThan(80);
    await expectNoMarks();
  });

  it('shows in nothing that a run writes, before, while and after it runs', async () => {
    await using held = await holdCatalog(postgres);
    const run = await startRun(atlan, { credentials, connection, metadata, argo_workflow_name: 'complete' });
    await held.reached();
    await expectNoMarks();
    await held.release();
    expect(await endOf(atlan, run)).toBe('COMPLETED');
    await atlan.get(`config/${run.workflow_id}`);
    await atlan.post(`config/${run.workflow_id}`, { metadata, credentials });
    await atlan.get(`result/${run.workflow_id}`);
    for (const path of ['/runs', '/jobs', `/runs/${run.run_id}`]) await atlan.get(path);
    const failed = await startRun(atlan, {
      credentials: { ...credentials, password: 'Kanarie falsch' },
      connection,
      metadata,
      argo_workflow_name: 'failed',
    });
    expect(await endOf(atlan, failed)).toBe('FAILED');
    await atlan.get(`result/${failed.workflow_id}`);
    await expectNoMarks();
    // It looked at something.
    expect((await everything()).length).toBeGreaterThan(10_000);
  });

  it('is gone when its run has: the stored configuration alone starts nothing', async () => {
    const { status, text } = await atlan.post('start', { workflow_id: 'complete' });
    expect([status, text]).toEqual([422, expect.stringContaining('credentials')]);
  });
});
