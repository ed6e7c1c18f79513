import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { type MiniStack, startMiniStack } from '../../support/aws/mini-stack.ts';
import { type Certificate, makeCertificates } from '../../support/network/certificates.ts';
import { type BoundProcess, freePort, spawnBound } from '../../support/processes/bound-process.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { CURL } from '../../support/tools/curl.ts';
import { findTool } from '../../support/tools/find-tool.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string) => readFile(join(root, path), 'utf8');

let folder: string;
let aws: MiniStack;
let postgres: PostgresServer;
let mariadb: MysqlServer;
let polyteia: BoundProcess;
let configFile: string;

/** The stand-in as docker-compose.yml starts it, but on this machine. */
async function startStandIn(port: number, { cert, key }: Certificate): Promise<BoundProcess> {
  const files = { certificate: join(folder, 'polyteia.crt'), key: join(folder, 'polyteia.key') };
  await Promise.all([writeFile(files.certificate, cert), writeFile(files.key, key)]);
  const { services } = parse(await read('docker-compose.yml'));
  const command: string = services.polyteia.command[0].replaceAll(/\\\n/g, ' ');
  const [, ...args] = command.slice(command.indexOf('exec node')).trim().split(/\s+/);
  const own: Record<string, string> = {
    '0.0.0.0': '127.0.0.1',
    '8443': String(port),
    '/certificate/polyteia.crt': files.certificate,
    '/tmp/polyteia.key': files.key,
  };
  const logFile = join(folder, 'polyteia.log');
  const [node = '', ...rest] = args.map((argument) => own[argument] ?? argument);
  const standIn = await spawnBound(node, rest, { env: { PATH: process.env.PATH }, cwd: root, logFile });
  await waitFor('the stand-in', async () => (await readFile(logFile, 'utf8')) || undefined, 30_000);
  return standIn;
}

/** examples/local with the addresses of the servers of this test. */
async function exampleConfig(port: number, authority: string): Promise<string> {
  const config = parse(await read('examples/local/ferry.yaml'));
  for (const [name, server] of Object.entries({ stadt: postgres, shop: mariadb })) {
    const { host, port, database } = server;
    Object.assign(config.sources[name], { host, port, database });
  }
  config.polyteia.default.baseUrl = `https://localhost:${port}`;
  await writeFile(join(folder, 'authority.pem'), authority);
  config.extraCa = 'authority.pem';
  const file = join(folder, 'ferry.yaml');
  await writeFile(file, stringify(config));
  return file;
}

/** Runs it as a person does, with nothing but the endpoint in the environment. */
function deployLocally() {
  return run('npm', ['run', '-s', 'local:deploy', '--', '--config', configFile], {
    cwd: root,
    maxBuffer: 2 ** 26,
    timeout: 280_000,
    env: { PATH: process.env.PATH, HOME: folder, ...aws.environment },
  });
}

/** Runs what a person would paste from the end of the output: the lines that set up `ask`, then a command. */
async function paste(printed: string, command: (api: string) => string): Promise<unknown> {
  const lines = printed.split('\n').filter((line) => /^ {2}(export|ask\(\))/.test(line));
  const api = printed.match(/^Deployed\. The API: (\S+)$/m)?.[1] ?? '';
  const { curl } = (await findTool(CURL)).programs;
  const { stdout } = await run('bash', ['-ec', [...lines, command(api)].join('\n')], {
    env: { PATH: [process.env.PATH, dirname(curl)].join(delimiter), CURL_CA_BUNDLE: aws.caFile },
  });
  return JSON.parse(stdout);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-local-test-'));
  [aws, postgres, mariadb] = await Promise.all([
    startMiniStack(),
    startPostgres(),
    startMysql({ flavor: 'mariadb', password: 'local-only' }),
  ]);
  await postgres.query(await read('examples/demo/sample-data.sql'));
  await postgres.query(await read('examples/local/stadt-login.sql'));
  for (const statement of (await read('examples/local/shop.sql')).split(';\n').filter(Boolean))
    await mariadb.query(statement.replace(/\bkunden\b/, `${mariadb.database}.kunden`));
  const port = await freePort();
  const certificates = await makeCertificates({ standIn: { hosts: ['localhost'], days: 1 } });
  polyteia = await startStandIn(port, certificates.standIn);
  configFile = await exampleConfig(port, certificates.authority.cert);
});
afterAll(async () => {
  await Promise.all([polyteia?.stop('SIGTERM', 3_000), aws?.stop(), postgres?.stop(), mariadb?.stop()]);
  if (folder) await rm(folder, { recursive: true, force: true });
});

describe('npm run local:deploy', () => {
  let printed: string;

  it('bootstraps, makes the secrets, deploys, and says what to do next', async () => {
    ({ stdout: printed } = await deployLocally());
    expect(printed).toContain(`1. Bootstrap of ${aws.endpoint}`);
    for (const secret of ['local/stadt', 'local/shop', 'local/polyteia']) expect(printed).toContain(secret);
    expect(printed).not.toContain('local-only');
    expect(await paste(printed, (api) => `curl -sS ${api}/healthz`)).toEqual({ status: 'ok' });
  });

  it.each([
    ['offene-meldungen', 'stadt'],
    ['kunden', 'shop'],
  ])('%s arrives in the stand-in, by the commands that it printed', async (job, source) => {
    await paste(printed, (api) => `ask -X POST ${api}/jobs/${job}/runs`);
    const good = await waitFor(
      `a good run of ${job}`,
      async () => {
        const { lastGoodRun } = (await paste(printed, (api) => `ask ${api}/jobs/${job}`)) as {
          lastGoodRun?: { rows: number };
        };
        return lastGoodRun;
      },
      90_000,
    );
    const rows =
      source === 'shop'
        ? 3
        : (await postgres.query("SELECT FROM stadt.meldungen WHERE status <> 'erledigt'")).rowCount;
    expect(good.rows).toBe(rows);
  });

  it('can be run again: it sets the secrets again, and leaves the stack as it was', async () => {
    expect((await deployLocally()).stdout).toContain('Deployed. The API:');
  });

  // It would be the secrets of somebody else's emulator.
  it('changes no emulator that nobody named, and none with a configuration that is wrong', async () => {
    const env = { PATH: process.env.PATH, HOME: folder };
    const refused = async (args: string[], more: Record<string, string> = {}) =>
      run('npm', ['run', '-s', 'local:deploy', '--', ...args], { cwd: root, env: { ...env, ...more } }).catch(
        (error: { stdout: string; stderr: string; code: number }) => error,
      );
    expect(await refused([])).toMatchObject({ code: 1, stderr: expect.stringContaining('AWS_ENDPOINT_URL') });
    const wrong = await refused(['--config', join(folder, 'gone.yaml')], aws.environment);
    expect(wrong).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('does not exist') });
    expect(await refused(['--help'])).toMatchObject({ stdout: expect.stringMatching(/--localstack/) });
    const unknown = await refused(['--sekrets', 'x']);
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--sekrets[\s\S]*npm run local:deploy/),
    });
    expect((unknown as { stderr: string }).stderr).not.toMatch(/^ +at /m);
  });

  it('never deploys to AWS itself', async () => {
    const failed = await run('npm', ['run', '-s', 'local:deploy'], {
      cwd: root,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        AWS_ENDPOINT_URL: 'https://cloudformation.eu-central-1.amazonaws.com',
      },
    }).catch((error: { stderr: string; code: number }) => error);
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('AWS_ENDPOINT_URL is AWS itself'),
    });
  });

  it('says what to start when nothing answers', async () => {
    const failed = await run('npm', ['run', '-s', 'local:deploy'], {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: folder, AWS_ENDPOINT_URL: `http://127.0.0.1:${await freePort()}` },
    }).catch((error: { stderr: string; code: number }) => error);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('docker compose up') });
  });
});
