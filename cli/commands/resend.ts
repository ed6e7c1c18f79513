import { Command } from 'commander';
import { resendArchived } from '../../shared/sync/resend-archived.ts';
import type { Surroundings } from '../program.ts';
import { runAndReport } from '../run-and-report.ts';

/** `ferry resend <run>`: sends the file of an earlier run once more. */
export function resendCommand(surroundings: Surroundings): Command {
  return new Command('resend')
    .description('send the archived file of an earlier run once more, and compare with it from now on')
    .argument('<run>', 'id of the run whose file to send')
    .option('--why <text>', 'the reason, for the record')
    .action(async (id: string, { why }: { why?: string }, command: Command) => {
      await runAndReport(surroundings, command, (options) => resendArchived(options, id, why));
    });
}
