import { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { openRuns } from '../../local/open-runs.ts';
import { globalOptions } from '../../options.ts';

/** `ferry cancel <run>`: asks a run to stop, wherever it runs. */
export function cancelCommand(context: CliContext): Command {
  const { stdout } = context;
  return new Command('cancel')
    .description('ask a run to stop; it stops within ten seconds and leaves the dataset unchanged')
    .argument('<run>', 'id of the run, or its beginning (ferry runs lists them)')
    .action(async (given: string, _options, command: Command) => {
      const options = globalOptions(command);
      const { job, id } = await (await openRuns(options, context)).cancel(given);
      if (options.json) stdout.write(`${JSON.stringify({ run: id, job, cancelRequested: true }, null, 2)}\n`);
      else stdout.write(`${job}: cancellation of run ${id} requested.\n`);
    });
}
