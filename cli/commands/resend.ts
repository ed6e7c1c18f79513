import { Command } from 'commander';
import { ConfigError } from '../../shared/errors.ts';
import { resendArchived } from '../../shared/sync/upload/resend-archived.ts';
import type { CliContext } from '../cli-context.ts';
import { globalOptions } from '../options.ts';
import { runAndReport } from '../run-and-report.ts';
import { connectStack } from '../stack/connect-stack.ts';
import { startAndFollow } from '../stack/start-and-follow.ts';

/** `ferry resend <run>`: sends the file of an earlier run once more. */
export function resendCommand(context: CliContext): Command {
  return new Command('resend')
    .description('send the archived file of an earlier run again, and compare later results with it')
    .argument('<run>', 'id of the run whose file to send')
    .option('--why <text>', 'the reason, for the record')
    .option('--no-wait', 'with --stack: start it without following it')
    .action(async (id: string, { why, wait }: { why?: string; wait: boolean }, command: Command) => {
      const connected = await connectStack(globalOptions(command), context);
      if (connected) {
        await startAndFollow(
          connected,
          context,
          command,
          (api, key) => api.sendAgain('resend', id, key, why),
          { wait },
        );
        return;
      }
      if (!wait)
        throw new ConfigError('--no-wait only applies to a run on a stack: name the stack with --stack.');
      await runAndReport(context, command, (options) => resendArchived(options, id, why));
    });
}
