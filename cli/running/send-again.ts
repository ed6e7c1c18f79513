import type { Command } from 'commander';
import { ConfigError } from '../../shared/errors.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';
import type { RunSyncOptions } from '../../shared/sync/sync-work.ts';
import type { CliContext } from '../cli-context.ts';
import { openRuns } from '../local/open-runs.ts';
import { globalOptions } from '../options.ts';
import { connectStack } from '../stack/connect-stack.ts';
import { startAndFollow } from '../stack/start-and-follow.ts';
import { runAndReport } from './run-and-report.ts';

/**
 * Completes a command that sends the stored file of an earlier run: on a stack through its API, else in this process.
 */
export function sendAgain(
  command: Command,
  context: CliContext,
  how: 'accept' | 'resend',
  send: (options: Omit<RunSyncOptions, 'job'>, id: string, why: string | undefined) => Promise<RunRecord>,
): Command {
  return command
    .option('--why <text>', 'the reason, for the record')
    .option('--no-wait', 'with --stack: start it without following it')
    .action(async (given: string, { why, wait }: { why?: string; wait: boolean }, called: Command) => {
      const id = await (await openRuns(globalOptions(called), context)).resolve(given);
      const connected = await connectStack(globalOptions(called), context);
      if (connected) {
        await startAndFollow(connected, context, called, (api, key) => api.sendAgain(how, id, key, why), {
          wait,
        });
        return;
      }
      if (!wait)
        throw new ConfigError('--no-wait only applies to a run on a stack: name the stack with --stack.');
      await runAndReport(context, called, (options) => send(options, id, why));
    });
}
