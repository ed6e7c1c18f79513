import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../../cli/program/run-command-line.ts';
import { runRecord } from '../../support/api.ts';
import { type FakeAws, startFakeAws } from '../../support/aws/stand-ins/fake-aws.ts';
import { fakeAwsEnvironment } from '../../support/cli/ferry-against-stack.ts';
import { runFerry } from '../../support/cli/ferry-command.ts';
import { withEnvironment } from '../../support/processes/process-environment.ts';

const CONFIG = `
version: 1
sources:
  erp: { type: postgres, host: 127.0.0.1, port: 1, database: größe, auth: { type: password, secret: erp }, tls: { mode: disable } }
polyteia: { default: { token: polyteia } }
syncs:
  orders: { source: erp, query: SELECT 1 AS id, dataset: ds_a }
`;

let folder: string;
let aws: FakeAws;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry console ü '));
  await writeFile(join(folder, 'ferry.yaml'), CONFIG);
  aws = await startFakeAws();
});
afterAll(async () => {
  await aws?.[Symbol.asyncDispose]();
  // The last document of a check may still be on its way to its place.
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Runs `ferry console`, asks it something as its page does, and ends it. */
async function withConsole(
  args: readonly string[],
  environment: Record<string, string>,
  ask: (call: Call, address: URL) => Promise<void>,
): Promise<{ exitCode: number; stderr: string }> {
  const ending = new AbortController();
  const listening = Promise.withResolvers<URL>();
  const result = { exitCode: -1, stderr: '' };
  let stdout = '';
  const ended = withEnvironment(environment, () =>
    runCommandLine(
      {
        folder,
        environment: process.env,
        user: 'jürgen',
        stdout: {
          write(text) {
            stdout += text;
            if (stdout.endsWith('\n')) listening.resolve(new URL(JSON.parse(stdout).address));
          },
        },
        stderr: {
          write(text) {
            result.stderr += text;
          },
        },
        signal: ending.signal,
        setExitCode(code) {
          result.exitCode = code;
        },
      },
      [...args, 'console', '--json'],
    ),
  );
  ended.then(() => listening.reject(new Error(result.stderr)), listening.reject);
  try {
    await work(await listening.promise, ask);
  } finally {
    ending.abort();
    await ended;
  }
  return result;
}

type Call = (path: string, init?: RequestInit) => Promise<Response>;

async function work(address: URL, ask: (call: Call, address: URL) => Promise<void>): Promise<void> {
  const [, token] = /^#token=(.+)$/.exec(address.hash) ?? [];
  const entered = await fetch(`${address.origin}/session`, {
    method: 'POST',
    headers: { 'x-ferry-console': 'none' },
    body: JSON.stringify({ token }),
  });
  const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
  const { key } = (await entered.json()) as { key: string };
  const headers = { 'x-ferry-console': key };
  await ask(
    (path, init = {}) =>
      fetch(`${address.origin}${path}`, { ...init, headers: { ...headers, ...init.headers, cookie } }),
    address,
  );
}

describe('ferry console', () => {
  it('shows the jobs of the configuration, and runs them in its own process', async () => {
    const { exitCode, stderr } = await withConsole([], {}, async (call, address) => {
      expect(address.hostname).toBe('127.0.0.1');
      expect(await (await call('/session')).json()).toMatchObject({
        signedIn: true,
        subject: expect.stringMatching(/^ferry console ü .*\/ferry\.yaml$/),
      });
      const { jobs } = (await (await call('/api/jobs')).json()) as { jobs: { name: string }[] };
      expect(jobs.map(({ name }) => name)).toEqual(['orders']);
      const started = await call('/api/jobs/orders/check', { method: 'POST' });
      expect(started.status).toBe(202);
      const { checkId } = (await started.json()) as { checkId: string };
      let check: { id?: string; endedAt?: string; checks?: unknown[] } = {};
      while (check.id !== checkId || check.endedAt === undefined)
        check = (await (await call('/api/jobs/orders/check')).json()) as typeof check;
      expect(check.checks).toContainEqual(expect.objectContaining({ check: 'secret', status: 'failed' }));
    });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('Ctrl-C ends the console');
  });

  it('of a stack signs what the pages ask, and passes on nothing else', async () => {
    aws.jobs = { orders: { kind: 'sync', source: 'erp', dataset: 'ds_a', target: 'default' } };
    const record = runRecord();
    await aws.runs.save(record);
    const { exitCode } = await withConsole(
      ['--stack', 'Ferry'],
      fakeAwsEnvironment(aws.url),
      async (call) => {
        expect(await (await call('/session')).json()).toMatchObject({
          subject: expect.stringContaining('Ferry ('),
        });
        expect((await (await call(`/api/runs/${record.id}`)).json()) as object).toMatchObject({
          id: record.id,
        });
        expect(aws.received.at(-1)?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=/);
        const answer = await call('/api/jobs/orders/runs', {
          method: 'POST',
          headers: { 'idempotency-key': 'k1' },
        });
        expect([answer.status, aws.started.at(-1)?.job]).toEqual([202, 'orders']);
        expect((await call('/api/workflows/v1/stop/a/b', { method: 'POST' })).status).toBe(404);
      },
    );
    expect(exitCode).toBe(0);
  });

  it.each(['x', '70000', '-1'])('refuses --port=%s', async (port) => {
    const { exitCode, stderr } = await runFerry(['console', `--port=${port}`], { folder });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--port')]);
  });
});
