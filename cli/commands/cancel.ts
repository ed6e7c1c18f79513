import { Command } from 'commander';
import { ConfigError } from '../../shared/errors.ts';
import { isFinished } from '../../shared/runs/run-record.ts';
import { globalOptions, openRunStore } from '../options.ts';
import type { Surroundings } from '../program.ts';

/** `ferry cancel <run>`: asks a run to stop, wherever it runs. */
export function cancelCommand(surroundings: Surroundings): Command {
  const { stdout } = surroundings;
  return new Command('cancel')
    .description('ask a run to stop; it does within ten seconds, and leaves the dataset as it is')
    .argument('<run>', 'id of the run (ferry runs lists them)')
    .action(async (id: string, _options, command: Command) => {
      const options = globalOptions(command);
      const store = openRunStore(options, surroundings);
      const record = /^[0-9a-f-]{36}$/i.test(id) ? await store.get(id) : undefined;
      if (!record) {
        throw new ConfigError(`There is no run ${id}.`, {
          hint: 'ferry runs lists the newest ones, with their ids.',
        });
      }
      if (isFinished(record)) throw new ConfigError(`Run ${id} has ended already (${record.state}).`);
      await store.requestCancel(record.job, record.id, surroundings.user);
      if (options.json)
        stdout.write(`${JSON.stringify({ run: id, job: record.job, cancelRequested: true }, null, 2)}\n`);
      else stdout.write(`${record.job}: run ${id} was asked to stop.\n`);
    });
}
