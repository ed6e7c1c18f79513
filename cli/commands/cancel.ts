import { Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { openRuns } from '../open-runs.ts';
import { globalOptions } from '../options.ts';

/** `ferry cancel <run>`: asks a run to stop, wherever it runs. */
export function cancelCommand(context: CliContext): Command {
  const { stdout } = context;
  return new Command('cancel')
    .description('ask a run to stop; it stops within ten seconds and leaves the dataset unchanged')
    .argument('<run>', 'id of the run (ferry runs lists them)')
    .action(async (id: string, _options, command: Command) => {
      const options = globalOptions(command);
      const { job } = await (await openRuns(options, context)).cancel(id);
      if (options.json) stdout.write(`${JSON.stringify({ run: id, job, cancelRequested: true }, null, 2)}\n`);
      else stdout.write(`${job}: cancellation of run ${id} requested.\n`);
    });
}
