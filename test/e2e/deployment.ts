import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import type { MiniStack } from '../support/mini-stack.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** The CDK app as a user deploys it, against whatever AWS answers at the endpoint. */
export interface Deployment extends AsyncDisposable {
  /** Runs `cdk deploy` with this configuration and returns the stack's outputs. */
  deploy(config: unknown): Promise<Record<string, string>>;
  destroy(): Promise<void>;
  /** Everything that cdk printed so far. */
  output(): string;
}

/** Bootstraps the environment; nothing is deployed yet. */
export async function prepareDeployment(aws: MiniStack, stack: string): Promise<Deployment> {
  const folder = await mkdtemp(join(tmpdir(), 'ferry-e2e-'));
  const configFile = join(folder, 'ferry.yaml');
  let printed = '';
  const cdkIn = async (cwd: string, ...args: string[]) => {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(AWS_|CDK_|VITEST|NODE_OPTIONS|NODE_ENV)/.test(name),
    );
    const { stdout, stderr } = await run('cdk', args, {
      cwd,
      maxBuffer: 2 ** 26,
      // A custom resource that cannot start would hang the emulator for ever.
      timeout: 240_000,
      env: {
        ...Object.fromEntries(inherited),
        PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
        CI: 'true',
        ...aws.environment,
      },
    }).catch((error: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(`cdk ${args[0]} failed:\n${error.stdout}\n${error.stderr}`);
    });
    printed += stdout + stderr;
  };
  const cdk = (...args: string[]) => cdkIn(root, ...args);
  // The processor of this machine, as the emulator runs functions on it.
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';
  const app = [
    '--output',
    join(folder, 'cdk.out'),
    '-c',
    `config=${configFile}`,
    '-c',
    `stack=${stack}`,
    '-c',
    `architecture=${architecture}`,
  ];
  // Away from the project, as its app would want a configuration to synthesize.
  await cdkIn(folder, 'bootstrap', `aws://${aws.accountId}/${aws.region}`);

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
