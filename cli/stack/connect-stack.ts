import { ConfigError } from '../../shared/errors.ts';
import { validTraceparent } from '../../shared/telemetry/trace-context.ts';
import type { CliContext } from '../cli-context.ts';
import type { GlobalOptions } from '../options.ts';
import type { FoundStack } from './find-stack.ts';
import type { StackApi } from './stack-api.ts';

/** A stack, and the way to its API. */
export interface ConnectedStack {
  stack: FoundStack;
  api: StackApi;
}

/** The stack given by --stack or FERRY_STACK; undefined when commands work with this machine. */
export function stackName(
  { stack }: Pick<GlobalOptions, 'stack'>,
  { environment }: CliContext,
): string | undefined {
  return stack ?? (environment.FERRY_STACK || undefined);
}

/** Finds the stack that --stack or FERRY_STACK names; undefined when commands are about this machine. */
export async function connectStack(
  options: GlobalOptions,
  context: CliContext,
): Promise<ConnectedStack | undefined> {
  const name = stackName(options, context);
  if (name === undefined) return undefined;
  // Clients of AWS are loaded where there is something to ask of it.
  const [{ findStack }, { createStackApi }] = await Promise.all([
    import('./find-stack.ts'),
    import('./stack-api.ts'),
  ]);
  const { stack, credentials } = await findStack(name, context.environment.FERRY_API_URL || undefined);
  const traceparent = validTraceparent(context.environment.TRACEPARENT);
  return { stack, api: createStackApi(stack, credentials, context.signal, traceparent) };
}

/** As {@link connectStack}, for commands that are about a stack only. */
export async function requireStack(options: GlobalOptions, context: CliContext): Promise<ConnectedStack> {
  const connected = await connectStack(options, context);
  if (connected) return connected;
  throw new ConfigError('This command needs a deployed stack.', {
    hint: 'Name it with --stack NAME or FERRY_STACK.',
  });
}
