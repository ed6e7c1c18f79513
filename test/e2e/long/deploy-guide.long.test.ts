import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { localArchitecture } from '../../../scripts/local-cdk.ts';
import { type MiniStack, startMiniStack } from '../../support/aws/mini-stack.ts';
import { shellBlocksOf } from '../../support/cli/shell-blocks.ts';
import { openShell, type ShellSession } from '../../support/cli/shell-session.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { pythonEnvironment } from '../../support/processes/python.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';
import { copyOfRepository } from '../../support/stack/copy-of-repository.ts';
import { CURL } from '../../support/tools/curl.ts';
import { findTool } from '../../support/tools/find-tool.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));
const guide = shellBlocksOf(await readFile(join(root, 'docs', 'deploy.md'), 'utf8'));
const api = shellBlocksOf(await readFile(join(root, 'docs', 'api.md'), 'utf8'));
const local = shellBlocksOf(await readFile(join(root, 'docs', 'local.md'), 'utf8'));
// The API's page is read while the guide's stack is there.
const goodbye = guide.findIndex(({ heading }) => heading === 'Remove it');
const blocks = [...guide.slice(0, goodbye), ...api, ...guide.slice(goodbye)];
const MINUTES = 60_000;

let folder: string;
let aws: MiniStack;
let postgres: PostgresServer;
let polyteia: PolyteiaStandIn;
let shell: ShellSession;

/** The repository as it is here, one release behind what `git pull` brings; packages and what was fetched are shared. */
async function makeClone(): Promise<string> {
  const upstream = join(folder, 'upstream');
  await copyOfRepository(upstream);
  const author = ['-c', 'user.name=Ferry', '-c', 'user.email=ferry@example.org'];
  const git = (cwd: string, ...args: string[]) => run('git', [...author, ...args], { cwd });
  await git(upstream, 'init', '--quiet', '--initial-branch', 'main');
  await git(upstream, 'add', '--all');
  await git(upstream, 'commit', '--quiet', '--message', 'A release');
  const clone = join(folder, 'ferry');
  await git(folder, 'clone', '--quiet', upstream, clone);
  await git(upstream, 'commit', '--quiet', '--allow-empty', '--message', 'The next release');
  for (const name of ['node_modules', '.cache']) await symlink(join(root, name), join(clone, name));
  return clone;
}

/** The ferry.yaml of the README with the servers of this test, due each minute, with an archive to purge. */
async function writeConfig(clone: string): Promise<void> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const config = parse(readme.match(/```yaml\n(.*?)```/s)?.[1] ?? '');
  config.sources.erp = sourceConfig(postgres, config.sources.erp.auth.secret);
  config.polyteia.default.baseUrl = polyteia.baseUrl;
  const sync = config.syncs['open-orders'];
  Object.assign(sync, { schedule: { cron: '* * * * *', timezone: 'UTC' }, archive: { keep: 2, days: 1 } });
  await mkdir(join(clone, 'my-town'));
  await writeFile(join(clone, 'my-town', 'ferry.yaml'), stringify(config));
  await writeFile(
    join(clone, 'erp.json'),
    JSON.stringify({ username: postgres.user, password: postgres.password }),
  );
  await writeFile(join(clone, 'token.txt'), `${polyteia.personalAccessKey}\n`);
}

/** What the person at the shell has: the AWS CLI, and settings of cdk that answer its questions. */
async function prepareHome(): Promise<Record<string, string>> {
  const home = join(folder, 'home');
  const bin = join(folder, 'bin');
  await Promise.all([mkdir(home), mkdir(bin)]);
  const settings = { requireApproval: 'never', context: { architecture: localArchitecture } };
  await writeFile(join(home, '.cdk.json'), JSON.stringify(settings));
  const { curl } = (await findTool(CURL)).programs;
  // A stack's address is one of AWS: the emulator answers for it at another.
  const address = 's#^https://([a-z0-9]+)\\.execute-api\\.[^/]+/#$AWS_ENDPOINT_URL/_aws/execute-api/\\1/#';
  const shim = `#!/bin/bash\nargs=()\nfor arg; do args+=("$(sed -E "${address}" <<<"$arg")"); done\nexec '${curl}' "\${args[@]}"\n`;
  await writeExecutable(join(bin, 'curl'), shim);
  const python = await pythonEnvironment();
  // Version 1 of the AWS CLI has its own endpoint for SQS; and no command is to reach AWS by chance. Its script does not start in a folder with a space in its name, its module does.
  await writeExecutable(
    join(bin, 'aws'),
    `#!/bin/sh\nexec "${python.bin('python3')}" -m awscli --endpoint-url "$AWS_ENDPOINT_URL" "$@"\n`,
  );
  const { CDK_DEFAULT_ACCOUNT, CDK_DEFAULT_REGION, ...environment } = aws.environment;
  return {
    HOME: home,
    PATH: [bin, process.env.PATH].join(delimiter),
    TMPDIR: folder,
    ...environment,
    ...(aws.caFile && { CURL_CA_BUNDLE: aws.caFile }),
  };
}

async function writeExecutable(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o755);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-guide-'));
  [aws, postgres, polyteia] = await Promise.all([
    startMiniStack(),
    startPostgres({ password: 'a "quoted" pass\\word' }),
    startPolyteiaStandIn({ datasets: ['ds_cv4t2cf0i6q1gflvu4m0'] }),
  ]);
  await postgres.query(`
    CREATE TABLE orders (id int, status text);
    INSERT INTO orders VALUES (1, 'open'), (2, 'closed'), (3, 'open')`);
  const clone = await makeClone();
  await writeConfig(clone);
  shell = openShell(clone, await prepareHome());
});
afterAll(async () => {
  shell?.stop();
  await Promise.all([aws?.stop(), postgres?.stop(), polyteia?.stop()]);
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Asks the API in the reader's shell, until the answer is what is waited for. */
const ask = <T>(what: string, path: string, until: (answer: T) => boolean) =>
  waitFor(
    what,
    async () => {
      const answer = JSON.parse(await shell.run(`ask "$api/${path}"`, MINUTES)) as T;
      return until(answer) ? answer : undefined;
    },
    2 * MINUTES,
  );

interface Runs {
  runs: Array<{ state: string; trigger: string; rows?: number }>;
}
const ARCHIVED = `aws s3api list-object-versions --bucket "$(output StateBucketName)" --prefix archive/ --query 'length(Versions || \`[]\`)'`;

/** The result that a block must have, by words in it; the others only have to succeed. */
const outcomes: Record<string, (printed: string) => unknown> = {
  'aws sts get-caller-identity': (printed) => expect(printed).toContain('ferry.yaml is valid'),
  'output()': (printed) => expect(printed).toContain('{"status":"ok"}'),
  'ask -X POST "$api/jobs/open-orders/runs"': async (printed) => {
    expect(printed).toMatch(/"runId":"[0-9a-f-]{36}"/);
    await ask<Runs>('a good run by the schedule', 'jobs/open-orders/runs', ({ runs }) =>
      runs.some(({ state, trigger, rows }) => state === 'succeeded' && trigger === 'schedule' && rows === 2),
    );
    expect(Number(await shell.run(ARCHIVED, MINUTES))).toBeGreaterThan(0);
  },
  'ask "$api/jobs/open-orders"': (printed) => expect(printed).toContain('"trigger":"schedule"'),
  'group=$(aws lambda': (printed) => expect(printed).toContain('function started'),
  'ask $api/readyz': (printed) => expect(printed.match(/\{"status":"ok"\}/g)).toHaveLength(2),
  'ask $api/jobs/open-orders': (printed) => expect(JSON.parse(printed).baseline).toMatchObject({ rows: 2 }),
  'ask -X POST -H "Idempotency-Key': async (printed) => {
    expect(printed).toMatch(/^HTTP\/\S+ (202|409) /);
    const id = printed.match(/"runId":"([^"]+)"/)?.[1];
    // Skipped, if its moment was that of a scheduled one.
    const ended = ['succeeded', 'skipped'];
    await ask<{ state: string }>('the end of that run', `runs/${id}`, ({ state }) => ended.includes(state));
  },
  'ask "$api/runs/$run"': (printed) => expect(printed).toMatch(/"kind":"sync".*"phases":\[/s),
  'ask -X POST "$api/runs/$run/cancel"': (printed) =>
    // The run has ended, and has neither a refused nor an archived file, as its result was that of the run before.
    expect(printed.match(/\{[^}]*("status":409|"runId")[^}]*\}/g)).toHaveLength(3),
  'aws sqs get-queue-attributes': (printed) =>
    expect(printed).toContain('"ApproximateNumberOfMessages": "0"'),
  'for prefix in': async () => expect(Number(await shell.run(ARCHIVED, MINUTES))).toBe(0),
  'aws s3 rb': async () =>
    await expect(shell.run('aws s3api head-bucket --bucket "$bucket"', MINUTES)).rejects.toThrow('404'),
};

describe('docs/deploy.md and docs/api.md', () => {
  it('run their commands from first to last; commands on other pages that are not run are known', () => {
    const notRun = [...blocks, ...local].filter((block) => block.notRun);
    expect(notRun.map(({ title, notRun }) => [title, notRun])).toEqual([['npm ci', 'needs Docker']]);
    // test/e2e/long/local-guide.long.test.ts runs the other one.
    expect(local).toHaveLength(2);
    expect(blocks.length).toBeGreaterThanOrEqual(13);
    expect(api.length).toBeGreaterThanOrEqual(7);
    const blocksWith = (words: string) => blocks.filter(({ code }) => code.includes(words)).length;
    for (const words of Object.keys(outcomes)) expect(blocksWith(words), words).toBe(1);
  });

  it.each(blocks.map((block) => [block.heading, block.title, block.code] as const))(
    '%s: %s',
    async (_heading, _title, code) => {
      // Nobody is there to answer.
      const printed = await shell.run(code.replace('cdk -- destroy', 'cdk -- destroy --force'), 4 * MINUTES);
      // The emulator has no condition key events:source, and so refuses the event at a run's end, of which a run makes a line in its log.
      const refused = printed.replaceAll(/^.*the event about the end of the run was not sent.*$/gm, '');
      expect(refused).not.toMatch(/SignatureDoesNotMatch|AccessDenied|not authorized|Forbidden/);
      for (const [words, expectation] of Object.entries(outcomes))
        if (code.includes(words)) await expectation(printed);
    },
  );

  it('leave Polyteia with the rows that the query returns, without breaking its contract', () => {
    expect(polyteia.datasets.get('ds_cv4t2cf0i6q1gflvu4m0')?.uploads).toBeGreaterThan(0);
    polyteia.assertNoViolations();
  });
});
