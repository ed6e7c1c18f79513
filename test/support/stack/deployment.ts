import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { localAppArguments, runLocalCdk } from '../../../scripts/local-cdk.ts';
import type { MiniStack } from '../aws/mini-stack.ts';
import { cacheFolder } from '../servers/data-template.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The CDK app as a user deploys it, against whatever AWS answers at the endpoint. */
export interface Deployment extends AsyncDisposable {
  /** Runs `cdk deploy` with this configuration and returns the stack's outputs. */
  deploy(config: unknown): Promise<Record<string, string>>;
  destroy(): Promise<void>;
  /** Everything that cdk printed so far. */
  output(): string;
}

/** Bootstraps the environment if that is still to be done; nothing is deployed yet. */
export async function prepareDeployment(aws: MiniStack, stack: string): Promise<Deployment> {
  const folder = await mkdtemp(join(tmpdir(), 'ferry-e2e-'));
  const configFile = join(folder, 'ferry.yaml');
  let printed = '';
  // Half of a synthesis, and said of the same stacks where the deploy guide's commands are run.
  const environment = { ...aws.environment, CDK_VALIDATION: 'false' };
  const cdkIn = async (cwd: string, ...args: string[]) => {
    printed += await runLocalCdk(args, { cwd, environment });
  };
  const cdk = (...args: string[]) => cdkIn(root, ...args);
  const app = localAppArguments({ config: configFile, stack, folder });
  // Away from the project, as its app would want a configuration to synthesize.
  if (!aws.isBootstrapped) await cdkIn(folder, 'bootstrap', `aws://${aws.accountId}/${aws.region}`);

  await shareZippedAssets(join(folder, 'cdk.out'));
  const outputsFile = join(folder, 'outputs.json');
  return {
    async deploy(config) {
      await writeFile(configFile, stringify(config));
      await cdk('deploy', stack, ...app, '--require-approval', 'never', '--outputs-file', outputsFile);
      const outputs = JSON.parse(await readFile(outputsFile, 'utf8')) as Record<
        string,
        Record<string, string>
      >;
      return outputs[stack] ?? {};
    },
    destroy: () => cdk('destroy', stack, ...app, '--force'),
    output: () => printed,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const DAY_MS = 86_400_000;

/** To zip the functions' code takes cdk ten seconds: it looks below its output first, where all deployments find what one has zipped. */
async function shareZippedAssets(output: string): Promise<void> {
  const zipped = join(cacheFolder, 'zipped-assets');
  await Promise.all([mkdir(zipped, { recursive: true }), mkdir(output, { recursive: true })]);
  // Each change of the code makes another.
  for (const name of await readdir(zipped)) {
    const file = join(zipped, name);
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > DAY_MS) await rm(file, { force: true });
  }
  await symlink(zipped, join(output, '.cache'));
}
