import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { LOCAL_ACCOUNT, localArchitecture } from '../../../scripts/local-cdk.ts';
import { awsClientOptions } from '../../support/aws/aws-client-options.ts';
import { shellBlocksOf } from '../../support/cli/shell-blocks.ts';
import { openShell, type ShellSession } from '../../support/cli/shell-session.ts';
import { copyOfRepository } from '../../support/stack/copy-of-repository.ts';
import { type StackSurroundings, startSurroundings } from '../../support/stack/stack-surroundings.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const page = await readFile(join(root, 'docs', 'own-cdk-app.md'), 'utf8');
const blocks = shellBlocksOf(page);
const fileOf = (kind: 'yaml' | 'ts') => page.match(new RegExp(`\`\`\`${kind}\\n(.*?)\`\`\``, 's'))?.[1] ?? '';
const DATASET = 'ds_cv4t2cf0i6q1gflvu4m0';
const MINUTES = 60_000;

let folder: string;
let around: StackSurroundings;
let shell: ShellSession;

/** The empty folder with a clone of Ferry, whose packages are there. */
async function makeFolder(): Promise<string> {
  const town = join(folder, 'town data');
  const clone = join(town, 'ferry');
  await mkdir(town);
  await copyOfRepository(clone);
  for (const name of ['node_modules', '.cache']) await symlink(join(root, name), join(clone, name));
  const config = parse(fileOf('yaml'));
  config.sources.erp = around.source;
  config.polyteia = around.targets;
  await writeFile(join(town, 'ferry.yaml'), stringify(config));
  // The emulator runs functions on this machine's processor.
  await writeFile(join(town, 'app.ts'), fileOf('ts').replace("'arm64'", `'${localArchitecture}'`));
  return town;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-own-app-'));
  around = await startSurroundings([DATASET]);
  await around.postgres.query(`
    CREATE TABLE orders (id int, status text);
    INSERT INTO orders VALUES (1, 'open'), (2, 'closed'), (3, 'open')`);
  const town = await makeFolder();
  const home = join(folder, 'home');
  await mkdir(home);
  shell = openShell(town, {
    ...around.aws.environment,
    CDK_DEFAULT_ACCOUNT: LOCAL_ACCOUNT,
    HOME: home,
    TMPDIR: folder,
    // What comes with Node, without Ferry's own programs.
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  });
});
afterAll(async () => {
  shell?.stop();
  await around?.[Symbol.asyncDispose]();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function outputOf(key: string): Promise<string | undefined> {
  const client = new CloudFormationClient(await awsClientOptions(around.aws));
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: 'Town' }));
  return Stacks?.[0]?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
}

describe('docs/own-cdk-app.md', () => {
  it.each(blocks.map(({ heading, code }) => [heading, code] as const))('%s', async (heading, code) => {
    const printed = await shell.run(code, 4 * MINUTES);
    if (heading === '2. Deploy it') {
      // The stack's output is the address on AWS.
      const api = `${around.aws.endpoint}/_aws/execute-api/${await outputOf('DataApiId')}/v1`;
      await shell.run(`export FERRY_API_URL=${api}`, MINUTES);
    }
    if (heading === '3. Use it')
      for (const job of ['open-orders', 'nightly-catalogs']) expect(printed).toContain(job);
  });

  it('brought the rows and the catalog', async () => {
    expect((await around.rowsOf(DATASET)).map(([id]) => id)).toEqual([1, 3]);
    around.polyteia.assertNoViolations();
  });
});
