import { Command } from 'commander';
import { warnOfAwsSchedules } from '../../../shared/config/rules/aws-schedule-warnings.ts';
import { warnOfExtractionDatabases } from '../../../shared/config/rules/extraction-database-warnings.ts';
import { sourcesOf } from '../../../shared/config/rules/extraction-sources.ts';
import { warnOfClosedNetworks } from '../../../shared/config/rules/network-warnings.ts';
import { warnOfOddSteps } from '../../../shared/config/rules/odd-step-warnings.ts';
import { warnOfOpenPatterns } from '../../../shared/config/rules/open-pattern-warnings.ts';
import { warnOfPastSchedules } from '../../../shared/config/rules/past-schedule-warnings.ts';
import { warnOfPlaceholders } from '../../../shared/config/rules/placeholder-warnings.ts';
import { warnOfSharedDatasets } from '../../../shared/config/rules/shared-dataset-warnings.ts';
import { warnOfSkippedRuns } from '../../../shared/config/rules/skipped-run-warnings.ts';
import { splitZonePrefix } from '../../../shared/config/schedule/parse-schedule.ts';
import type {
  ExtractionConfig,
  FerryConfig,
  ScheduleConfig,
} from '../../../shared/config/schema/ferry-config.ts';
import type { CliContext } from '../../cli-context.ts';
import { globalOptions, readConfig } from '../../options.ts';
import { formatTable, printWarnings } from '../../output/output.ts';

/** `ferry validate`: is the configuration valid? Connects to nothing. */
export function validateCommand(context: CliContext): Command {
  return new Command('validate')
    .description('check the configuration without connecting to anything')
    .action(async (_options, command: Command) => {
      const options = globalOptions(command);
      const { config, path, warnings: found } = await readConfig(options, context);
      const warnings = [
        ...found,
        ...warnOfAwsSchedules(config),
        ...warnOfOddSteps(config),
        ...warnOfPastSchedules(config, new Date()),
        ...warnOfPlaceholders(config),
        ...warnOfClosedNetworks(config),
        ...warnOfOpenPatterns(config),
        ...warnOfSharedDatasets(config),
        ...warnOfExtractionDatabases(config),
        ...warnOfSkippedRuns(config, new Date()),
      ];
      printWarnings(context.stderr, warnings);
      if (options.json) {
        context.stdout.write(`${JSON.stringify({ valid: true, file: path, warnings, config }, null, 2)}\n`);
        return;
      }
      context.stdout.write(`${path} is valid.\n${formatSyncs(config)}${formatExtractions(config)}`);
    });
}

function formatSyncs({ syncs }: FerryConfig): string {
  const rows = Object.entries(syncs).map(([name, { source, dataset, schedule }]) => [
    name,
    source,
    dataset,
    formatSchedule(schedule),
  ]);
  return rows.length === 0 ? '' : `\n${formatTable(['SYNC', 'SOURCE', 'DATASET', 'SCHEDULE'], rows)}\n`;
}

function formatExtractions(config: FerryConfig): string {
  const rows = Object.entries(config.extractions).map(([name, extraction]) => [
    name,
    listSources(sourcesOf(config, extraction)),
    listDatabases(extraction),
    extraction.output.bucket ?? "Ferry's own",
    formatSchedule(extraction.schedule),
  ]);
  const header = ['EXTRACTION', 'SOURCES', 'DATABASES', 'OUTPUT', 'SCHEDULE'];
  return rows.length === 0 ? '' : `\n${formatTable(header, rows)}\n`;
}

// A pattern may match hundreds of sources: the number of names shows how many.
const MAX_NAMES = 3;

function listSources(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).join(', ');
  return names.length > MAX_NAMES ? `${shown} and ${names.length - MAX_NAMES} more` : shown;
}

function listDatabases({ databases = [] }: ExtractionConfig): string {
  if (databases === 'all') return 'all';
  return databases.length === 0 ? "the source's" : listSources(databases);
}

function formatSchedule(schedule: ScheduleConfig | undefined): string {
  if (!schedule) return 'none';
  const { cron, timezone: zone } = schedule;
  const { expression, timezone = zone } = splitZonePrefix(cron);
  return `${expression} (${timezone})${schedule.enabled ? '' : ', switched off'}`;
}
