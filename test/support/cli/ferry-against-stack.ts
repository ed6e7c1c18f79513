import { tmpdir } from 'node:os';
import { EXIT, exitCodeOf } from '../../../cli/exit-codes.ts';
import { printError } from '../../../cli/output/output.ts';
import { createProgram } from '../../../cli/program/program.ts';
import { createTestCliContext, type TestCliContext } from './cli-context.ts';

/** The AWS settings of a process that talks to a fake AWS; for vi.stubEnv, as the SDK reads the process's own. */
export function fakeAwsEnvironment(url: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    AWS_SESSION_TOKEN: 'token/of+a=role',
    AWS_REGION: 'eu-central-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    // None of this machine's.
    AWS_CONFIG_FILE: '/nowhere/config',
    AWS_SHARED_CREDENTIALS_FILE: '/nowhere/credentials',
  };
}

/** Runs `ferry --stack Ferry …` within this process, as main.ts would. */
export async function ferryAgainstStack(
  args: readonly string[],
  changes: Partial<TestCliContext> = {},
): Promise<TestCliContext['output']> {
  const context = { ...createTestCliContext(tmpdir()), ...changes };
  const { output } = context;
  const given = args.includes('--stack') || context.environment.FERRY_STACK ? [] : ['--stack', 'Ferry'];
  try {
    await (await createProgram(context)).parseAsync(['node', 'ferry', ...given, ...args]);
  } catch (error) {
    output.exitCode = printError(error, context.stderr) ?? exitCodeOf(error);
  }
  if (context.signal.aborted) output.exitCode = EXIT.interrupted;
  return output;
}
