import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { Agent as HttpsAgent } from 'node:https';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Step } from '../../scripts/smoke/step.ts';
import { type MiniStack, startMiniStack } from '../support/aws/mini-stack.ts';
import { runFerryProcess } from '../support/cli/ferry-command.ts';
import { startPolyteiaStandIn } from '../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../support/polyteia/stand-in/types.ts';
import { waitFor } from '../support/processes/wait-for.ts';
import { type PostgresServer, startPostgres } from '../support/servers/postgres-server.ts';
import { sourceConfig } from '../support/source/source-config.ts';
import { type Deployment, prepareDeployment } from '../support/stack/deployment.ts';

const STACK = 'FerryCommands';
const SMOKE = fileURLToPath(new URL('../../scripts/smoke.ts', import.meta.url));

let aws: MiniStack;
let postgres: PostgresServer;
let polyteia: PolyteiaStandIn;
let deployment: Deployment;
let environment: Record<string, string>;

beforeAll(async () => {
  [aws, postgres, polyteia] = await Promise.all([
    startMiniStack({ bootstrapped: true }),
    startPostgres({ password: 'geheim-5b1f' }),
    startPolyteiaStandIn({ datasets: ['ds_orders', 'ds_closed'] }),
  ]);
  const secrets = new SecretsManagerClient({
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    ...(aws.caFile && {
      requestHandler: new NodeHttpHandler({ httpsAgent: new HttpsAgent({ ca: await readFile(aws.caFile) }) }),
    }),
  });
  const login = JSON.stringify({ username: postgres.user, password: 'geheim-5b1f' });
  for (const [Name, SecretString] of [
    ['ferry/erp', login],
    ['ferry/polyteia', polyteia.personalAccessKey],
  ] as const)
    await secrets.send(new CreateSecretCommand({ Name, SecretString }));
  const erp = sourceConfig(postgres, 'ferry/erp');
  deployment = await prepareDeployment(aws, STACK);
  const outputs = await deployment.deploy({
    version: 1,
    sources: { erp, closed: { ...erp, port: 9 } },
    polyteia: { default: { token: 'ferry/polyteia', baseUrl: polyteia.baseUrl } },
    syncs: {
      orders: {
        source: 'erp',
        query: "SELECT 1 AS id, 'Größe' AS name",
        dataset: 'ds_orders',
        // Of another zone MiniStack makes UTC, which the smoke test finds.
        schedule: { cron: '30 4 1 1 *', timezone: 'UTC' },
      },
      closed: { source: 'closed', query: 'SELECT 1 AS id', dataset: 'ds_closed' },
    },
  });
  environment = {
    ...aws.environment,
    FERRY_API_URL: `${aws.endpoint}/_aws/execute-api/${outputs.ApiId}/v1/`,
  };
});

afterAll(async () => {
  await deployment?.[Symbol.asyncDispose]();
  await Promise.all([aws?.stop(), postgres?.stop(), polyteia?.stop()]);
});

const ferry = (...args: string[]) =>
  runFerryProcess(['--stack', STACK, ...args], { folder: tmpdir(), environment });

describe('ferry --stack', () => {
  it('runs a job, follows it to its end, lists it and shows its log', async () => {
    const run = await ferry('run', 'orders');
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    expect(run.stdout).toMatch(/^orders succeeded \(uploaded\): 1 row, /);
    const [, id = ''] = /run ([0-9a-f-]{36})/.exec(run.stdout) ?? [];

    const runs = await ferry('runs', 'orders', '--json');
    expect(JSON.parse(runs.stdout)).toMatchObject([{ id, state: 'succeeded', trigger: 'api', rows: 1 }]);
    const jobs = await ferry('jobs');
    expect(jobs.stdout).toMatch(/^orders +sync +erp +succeeded +.* 1 /m);

    const log = await waitFor(
      'the end of the run in the log',
      async () => {
        const { stdout } = await ferry('logs', id);
        return stdout.includes('run started') ? stdout : undefined;
      },
      60_000,
    );
    expect(log).toMatch(/^\d{4}-\d\d-\d\d [\d:.]{12} {2}info {3}orders: run started/m);
  });

  it('checks each job from inside its function, and names the hop that fails', async () => {
    const good = await ferry('check', 'orders');
    expect(good, good.stdout + good.stderr).toMatchObject({ exitCode: 0 });
    for (const check of [
      'state: write',
      'state: absent',
      'secret',
      'TCP',
      'login',
      'Polyteia TCP',
      'upload permission',
    ])
      expect(good.stdout).toMatch(new RegExp(`^${check} +ok`, 'm'));

    const closed = await ferry('check', 'closed');
    expect(closed.exitCode).toBe(1);
    expect(closed.stdout).toMatch(/^secret +ok/m);
    expect(closed.stdout).toMatch(/^TCP +failed +.* cannot be reached: nothing listens on that port\.$/m);
    expect(closed.stdout).toMatch(/^login +skipped/m);
    expect(closed.stdout).toMatch(/^ {2}→ TCP: Check host and port; on AWS, the security groups/m);
  });
});

describe('npm run smoke', () => {
  it('checks what it can on an emulator, and finds the job that cannot reach its source', async () => {
    const smoke = promisify(execFile)(
      process.execPath,
      [SMOKE, '--stack', STACK, '--json', '--run', 'orders'],
      {
        env: { PATH: process.env.PATH, ...environment },
      },
    );
    const ended = await smoke.then(
      ({ stdout }) => ({ stdout, code: 0 }),
      (error: { stdout: string; code: number }) => error,
    );
    const { ok, steps }: { ok: boolean; steps: Step[] } = JSON.parse(ended.stdout);
    expect(steps.filter(({ status }) => status === 'failed')).toEqual([
      expect.objectContaining({ step: 'closed: TCP' }),
    ]);
    expect([ended.code, ok]).toEqual([1, false]);
    expect(steps.map(({ step }) => step)).toEqual(
      expect.arrayContaining([
        'API: unsigned',
        'API: wrong signature',
        'account: concurrency',
        'schedules',
        'orders: state: absent',
        'orders: run',
      ]),
    );
  });
});
