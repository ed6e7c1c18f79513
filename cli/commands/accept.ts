import { Command } from 'commander';
import { acceptRefused } from '../../shared/sync/accept-refused.ts';
import type { Surroundings } from '../program.ts';
import { runAndReport } from '../run-and-report.ts';

/** `ferry accept <run>`: sends a result that a guard refused. */
export function acceptCommand(surroundings: Surroundings): Command {
  return new Command('accept')
    .description('send the file that a guard refused, exactly as it was, and compare with it from now on')
    .argument('<run>', 'id of the refused run')
    .option('--why <text>', 'the reason, for the record')
    .action(async (id: string, { why }: { why?: string }, command: Command) => {
      await runAndReport(surroundings, command, (options) => acceptRefused(options, id, why));
    });
}
