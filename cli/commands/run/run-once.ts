import { Command } from 'commander';
import { ConfigError } from '../../../shared/errors.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { PATIENCE_MS } from '../../../shared/runs/retry.ts';
import type { CliContext } from '../../cli-context.ts';
import { exitCodeOfRun } from '../../exit-codes.ts';
import { globalOptions } from '../../options.ts';
import { openServed, withServedTelemetry } from '../../served/open-served.ts';
import { readServeSettings } from '../../served/serve-settings.ts';

/** `ferry run-once [job]`: runs one job as `ferry serve` would, and ends. */
export function runOnceCommand(context: CliContext): Command {
  const { stdout, user, setExitCode } = context;
  return new Command('run-once')
    .description('run one job with the configuration and state of ferry serve, and end: for a CronJob')
    .argument('[job]', 'name of the sync or extraction; may be left out where there is only one')
    .option('--timeout <time>', 'time after which the run gives up (default: 6h)')
    .action(async (named: string | undefined, _options, command: Command) => {
      await withServedTelemetry(context, command, { scraped: false }, async () => {
        const { loaded, documents, ...served } = await openServed(context, command);
        const { name, timeoutMs } = readServeSettings(command.opts(), loaded.environment);
        const jobs = Object.keys({ ...loaded.config.syncs, ...loaded.config.extractions });
        const job = named ?? (jobs.length === 1 ? jobs[0] : undefined);
        if (job === undefined)
          throw new ConfigError(`There are ${jobs.length} jobs: name the one to run.`, {
            hint: jobs.slice(0, 20).join(', '),
          });
        const { executeJob, limitedTo } = await import('../../../shared/serve/starts/execute-start.ts');
        const record = await executeJob(
          { job, trigger: { type: 'cli', triggeredBy: user } },
          {
            ...served,
            scope: name,
            store: createRunStore(documents),
            // Nobody waits for a CronJob, whatever its trigger is called.
            patienceMs: PATIENCE_MS,
            ...limitedTo(timeoutMs),
          },
        );
        if (globalOptions(command).json) stdout.write(`${JSON.stringify(record, null, 2)}\n`);
        setExitCode(exitCodeOfRun(record));
      });
    });
}
