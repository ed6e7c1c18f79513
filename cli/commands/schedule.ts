import { Command, InvalidArgumentError } from 'commander';
import { unknownNameMessage } from '../../shared/config/config-problems.ts';
import { WEEKDAYS } from '../../shared/config/cron-field.ts';
import { toEventBridgeSchedule } from '../../shared/config/eventbridge-schedule.ts';
import { parseSchedule } from '../../shared/config/parse-schedule.ts';
import { nextRuns } from '../../shared/config/schedule-times.ts';
import type { ScheduleConfig } from '../../shared/config/schema.ts';
import { warnOfSkippedRuns } from '../../shared/config/skipped-run-warnings.ts';
import { ConfigError } from '../../shared/errors.ts';
import { globalOptions, readConfig } from '../options.ts';
import { formatTable } from '../output.ts';
import type { Surroundings } from '../program.ts';

const DEFAULT_COUNT = 3;
const MAXIMUM_COUNT = 1000;

/** When one sync runs. */
interface SyncSchedule {
  sync: string;
  /** What AWS is given; absent for a sync without a schedule. */
  expression?: string;
  timezone?: string;
  enabled?: boolean;
  /** The next runs; none for a rate, which counts from the deployment. */
  runs: { local: string; utc: string }[];
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > MAXIMUM_COUNT)
    throw new InvalidArgumentError(`Expected a number from 1 to ${MAXIMUM_COUNT}.`);
  return count;
}

function parseMoment(text: string): Date {
  // A date, or a time with its zone: without one it would be that of whoever asks.
  const moment = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? new Date(text) : undefined;
  if (moment === undefined || Number.isNaN(moment.getTime()))
    throw new InvalidArgumentError('Expected a moment such as 2027-03-27 or 2027-03-27T12:00Z.');
  return moment;
}

/** `ferry schedule [sync]`: when the syncs run next, in their own zones and in UTC. */
export function scheduleCommand(surroundings: Surroundings): Command {
  const { stdout, stderr } = surroundings;
  return new Command('schedule')
    .description('list the next runs of the syncs, in their own zones and in UTC')
    .argument('[sync]', 'name of one sync; all without it')
    .option('--count <n>', 'how many runs of each', parseCount, DEFAULT_COUNT)
    .option('--from <moment>', 'runs after this moment (default: now)', parseMoment)
    .action(async (only: string | undefined, _options, command: Command) => {
      const options = globalOptions(command);
      const { count, from = new Date() } = command.opts<{ count: number; from?: Date }>();
      const loaded = await readConfig(options, surroundings);
      const { syncs } = loaded.config;
      if (only !== undefined && !Object.hasOwn(syncs, only))
        throw new ConfigError(`${unknownNameMessage('sync', only, Object.keys(syncs))}.`);
      const chosen = Object.entries(syncs).filter(([name]) => only === undefined || name === only);
      const config = { ...loaded.config, syncs: Object.fromEntries(chosen) };
      for (const warning of [...loaded.warnings, ...warnOfSkippedRuns(config, from)])
        stderr.write(`warning: ${warning}\n`);
      const schedules = chosen.map(([name, { schedule }]) => describe(name, schedule, from, count));
      stdout.write(options.json ? `${JSON.stringify(schedules, null, 2)}\n` : format(schedules));
    });
}

function describe(
  sync: string,
  schedule: ScheduleConfig | undefined,
  from: Date,
  count: number,
): SyncSchedule {
  if (!schedule) return { sync, runs: [] };
  const { schedule: parsed } = parseSchedule(schedule.cron);
  const { expression, timezone } = toEventBridgeSchedule(schedule);
  const runs = parsed.type === 'rate' ? [] : nextRuns(parsed, timezone, from, count);
  return {
    sync,
    expression,
    timezone,
    enabled: schedule.enabled,
    runs: runs.map((run) => ({ local: formatLocal(run, timezone), utc: run.toISOString() })),
  };
}

/** A moment as ISO 8601 with the zone's offset: 2027-03-29T04:30+02:00. */
function formatLocal(moment: Date, zone: string): string {
  const shown = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'short',
  }).format(moment);
  const offset = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' })
    .formatToParts(moment)
    .find(({ type }) => type === 'timeZoneName')
    ?.value.replace('GMT', '');
  return `${shown.replace(' ', 'T')}${offset || '+00:00'}`;
}

function format(schedules: readonly SyncSchedule[]): string {
  if (schedules.length === 0) return 'There are no syncs.\n';
  const rows = schedules.flatMap((schedule) => formatRows(schedule));
  const table = formatTable(['SYNC', 'NEXT RUN', 'OFFSET', 'ZONE', 'UTC'], rows);
  const counted = schedules.some(({ expression }) => expression?.startsWith('rate'));
  return `${table}\n${counted ? '\n"every …" is counted from the deployment.\n' : ''}`;
}

function formatRows({ sync, expression, timezone = '', enabled, runs }: SyncSchedule): string[][] {
  const note = (text: string, zone = '') => [[sync, text, '', zone, '']];
  if (expression === undefined) return note('no schedule');
  if (enabled === false) return note('switched off', timezone);
  const [, rate] = /^rate\((.*)\)$/.exec(expression) ?? [];
  if (rate !== undefined) return note(`every ${rate.replace(/^1 /, '')}`);
  if (runs.length === 0) return note('never again', timezone);
  return runs.map(({ local, utc }) => {
    const [date = '', time = ''] = local.split('T');
    const [initial = '', ...others] = WEEKDAYS[new Date(date).getUTCDay()] ?? '';
    const weekday = initial + others.join('').toLowerCase();
    // The offset by itself: what changes with the season is to be seen.
    return [
      sync,
      `${weekday} ${date} ${time.slice(0, 5)}`,
      time.slice(5),
      timezone,
      utc.slice(0, 16).replace('T', ' '),
    ];
  });
}
