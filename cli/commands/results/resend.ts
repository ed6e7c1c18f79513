import { Command } from 'commander';
import { resendArchived } from '../../../shared/sync/upload/resend-archived.ts';
import type { CliContext } from '../../cli-context.ts';
import { sendAgain } from '../../running/send-again.ts';

/** `ferry resend <run>`: sends the file of an earlier run once more. */
export function resendCommand(context: CliContext): Command {
  const command = new Command('resend')
    .description('send the archived file of an earlier run again, and compare later results with it')
    .argument('<run>', 'id of the run whose file to send, or its beginning');
  return sendAgain(command, context, 'resend', resendArchived);
}
