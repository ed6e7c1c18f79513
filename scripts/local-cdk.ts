import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const binaries = fileURLToPath(new URL('../node_modules/.bin', import.meta.url));

/** The account that emulators of AWS put everybody into. */
export const LOCAL_ACCOUNT = '000000000000';

/** The processor of this machine, in Lambda's words: an emulator runs functions on it. */
export const localArchitecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';

/**
 * What an AWS SDK or the CDK needs in its environment to speak to an emulator; credentials are made up where none are
 * given.
 */
export function localAwsEnvironment(
  endpoint: string,
  region: string,
  credentials: Readonly<Record<string, string | undefined>> = {},
): Record<string, string> {
  const { AWS_ACCESS_KEY_ID = 'test', AWS_SECRET_ACCESS_KEY = 'test' } = credentials;
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    CDK_DEFAULT_ACCOUNT: LOCAL_ACCOUNT,
    CDK_DEFAULT_REGION: region,
  };
}

/**
 * Runs `cdk` against an emulator.
 *
 * @param options.environment from {@link localAwsEnvironment}, instead of all AWS and CDK variables of this process
 * @param options.echo where to copy what it prints, while it runs
 * @returns what it printed
 * @throws Error with what it printed
 */
export async function runLocalCdk(
  args: readonly string[],
  options: { cwd: string; environment: Readonly<Record<string, string>>; echo?: NodeJS.WritableStream },
): Promise<string> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(AWS_|CDK_|VITEST|NODE_OPTIONS|NODE_ENV)/.test(name),
  );
  const child = spawn('cdk', args, {
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A custom resource that cannot start would hang the emulator forever.
    timeout: 240_000,
    env: {
      ...Object.fromEntries(inherited),
      PATH: [binaries, process.env.PATH].join(delimiter),
      CI: 'true',
      ...options.environment,
    },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      options.echo?.write(text);
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`cdk ${args[0]} failed:\n${options.echo ? '' : printed}`);
  return printed;
}

/**
 * The arguments by which cdk makes the stack of a configuration for this machine's processor, with its output in
 * `folder`.
 */
export function localAppArguments(options: { config: string; stack: string; folder: string }): string[] {
  const context = {
    config: options.config,
    stack: options.stack,
    architecture: localArchitecture,
  };
  return [
    '--output',
    join(options.folder, 'cdk.out'),
    ...Object.entries(context).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}
