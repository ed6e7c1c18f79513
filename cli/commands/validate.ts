import { Command } from 'commander';
import { warnOfClosedNetworks } from '../../shared/config/network-warnings.ts';
import { splitZonePrefix } from '../../shared/config/parse-schedule.ts';
import type { ScheduleConfig } from '../../shared/config/schema.ts';
import { warnOfSharedDatasets } from '../../shared/config/shared-dataset-warnings.ts';
import { warnOfSkippedRuns } from '../../shared/config/skipped-run-warnings.ts';
import { globalOptions, readConfig } from '../options.ts';
import { formatTable } from '../output.ts';
import type { Surroundings } from '../program.ts';

/** `ferry validate`: is the configuration right? Connects to nothing. */
export function validateCommand(surroundings: Surroundings): Command {
  return new Command('validate')
    .description('check the configuration; connects to nothing')
    .action(async (_options, command: Command) => {
      const options = globalOptions(command);
      const { config, path, warnings: found } = await readConfig(options, surroundings);
      const warnings = [
        ...found,
        ...warnOfClosedNetworks(config),
        ...warnOfSharedDatasets(config),
        ...warnOfSkippedRuns(config, new Date()),
      ];
      for (const warning of warnings) surroundings.stderr.write(`warning: ${warning}\n`);
      if (options.json) {
        surroundings.stdout.write(
          `${JSON.stringify({ valid: true, file: path, warnings, config }, null, 2)}\n`,
        );
        return;
      }
      const rows = Object.entries(config.syncs).map(([name, sync]) => [
        name,
        sync.source,
        sync.dataset,
        sync.schedule ? formatSchedule(sync.schedule) : 'none',
      ]);
      surroundings.stdout.write(`${path} is valid.\n`);
      if (rows.length > 0)
        surroundings.stdout.write(`\n${formatTable(['SYNC', 'SOURCE', 'DATASET', 'SCHEDULE'], rows)}\n`);
    });
}

function formatSchedule({ cron, timezone: zone }: ScheduleConfig): string {
  const { expression, timezone = zone } = splitZonePrefix(cron);
  return `${expression} (${timezone})`;
}
