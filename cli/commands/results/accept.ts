import { Command } from 'commander';
import { acceptRefused } from '../../../shared/sync/upload/accept-refused.ts';
import type { CliContext } from '../../cli-context.ts';
import { sendAgain } from '../../running/send-again.ts';

/** `ferry accept <run>`: sends a result that a guard refused. */
export function acceptCommand(context: CliContext): Command {
  const command = new Command('accept')
    .description('send the file that a guard refused, unchanged, and compare later results with it')
    .argument('<run>', 'id of the refused run, or its beginning');
  return sendAgain(command, context, 'accept', acceptRefused);
}
