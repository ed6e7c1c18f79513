import { Command } from 'commander';
import { ConfigError } from '../../shared/errors.ts';
import { acceptRefused } from '../../shared/sync/upload/accept-refused.ts';
import type { CliContext } from '../cli-context.ts';
import { globalOptions } from '../options.ts';
import { runAndReport } from '../run-and-report.ts';
import { connectStack } from '../stack/connect-stack.ts';
import { startAndFollow } from '../stack/start-and-follow.ts';

/** `ferry accept <run>`: sends a result that a guard refused. */
export function acceptCommand(context: CliContext): Command {
  return new Command('accept')
    .description('send the file that a guard refused, unchanged, and compare later results with it')
    .argument('<run>', 'id of the refused run')
    .option('--why <text>', 'the reason, for the record')
    .option('--no-wait', 'with --stack: start it without following it')
    .action(async (id: string, { why, wait }: { why?: string; wait: boolean }, command: Command) => {
      const connected = await connectStack(globalOptions(command), context);
      if (connected) {
        await startAndFollow(
          connected,
          context,
          command,
          (api, key) => api.sendAgain('accept', id, key, why),
          { wait },
        );
        return;
      }
      if (!wait)
        throw new ConfigError('--no-wait only applies to a run on a stack: name the stack with --stack.');
      await runAndReport(context, command, (options) => acceptRefused(options, id, why));
    });
}
