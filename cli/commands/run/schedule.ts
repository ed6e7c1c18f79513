import { Command, InvalidArgumentError } from 'commander';
import { warnOfAwsSchedules } from '../../../shared/config/rules/aws-schedule-warnings.ts';
import { warnOfOddSteps } from '../../../shared/config/rules/odd-step-warnings.ts';
import { warnOfSkippedRuns } from '../../../shared/config/rules/skipped-run-warnings.ts';
import { WEEKDAYS } from '../../../shared/config/schedule/cron-field.ts';
import { writtenSchedule } from '../../../shared/config/schedule/eventbridge-schedule.ts';
import { parseSchedule } from '../../../shared/config/schedule/parse-schedule.ts';
import { nextRuns } from '../../../shared/config/schedule/schedule-times.ts';
import type { ScheduleConfig } from '../../../shared/config/schema/ferry-config.ts';
import type { CliContext } from '../../cli-context.ts';
import { globalOptions, readConfig } from '../../options.ts';
import { formatTable, printWarnings } from '../../output/output.ts';
import { unknownJob } from '../../running/unknown-job.ts';

const DEFAULT_COUNT = 3;
const MAXIMUM_COUNT = 1000;
// As EventBridge writes it; as it was written, where that has none.
const RATE = /^(?:rate\((.*)\)|@every (.*))$/;

/** When one job runs. Either `sync` or `extraction` is its name. */
interface JobSchedule {
  sync?: string;
  extraction?: string;
  /** What AWS gets, or what is in the file where AWS could not keep it; absent for a job without a schedule. */
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

/** JavaScript takes 30 February for 2 March. */
function isDay(date: string): boolean {
  const day = new Date(date);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
}

function parseMoment(text: string): Date {
  // A date, or a time with its zone: a time without one would depend on the machine's zone.
  const [, date = ''] = /^(\d{4}-\d{2}-\d{2})(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/.exec(text) ?? [];
  const moment = new Date(text);
  if (!isDay(date) || Number.isNaN(moment.getTime()))
    throw new InvalidArgumentError('Expected a moment such as 2027-03-27 or 2027-03-27T12:00Z.');
  return moment;
}

/** `ferry schedule [job]`: when the jobs run next, in their own zones and in UTC. */
export function scheduleCommand(context: CliContext): Command {
  const { stdout, stderr } = context;
  return new Command('schedule')
    .description('list the next runs of the jobs, in their own time zones and in UTC')
    .argument('[job]', 'name of one sync or extraction; default: all')
    .option('--count <n>', 'how many runs of each job', parseCount, DEFAULT_COUNT)
    .option('--from <moment>', 'runs after this moment (default: now)', parseMoment)
    .action(async (only: string | undefined, _options, command: Command) => {
      const options = globalOptions(command);
      const { count, from = new Date() } = command.opts<{ count: number; from?: Date }>();
      const loaded = await readConfig(options, context);
      const { syncs, extractions } = loaded.config;
      const isChosen = ([name]: [string, unknown]) => only === undefined || name === only;
      const chosen = {
        syncs: Object.fromEntries(Object.entries(syncs).filter(isChosen)),
        extractions: Object.fromEntries(Object.entries(extractions).filter(isChosen)),
      };
      printWarnings(stderr, [
        ...loaded.warnings,
        ...warnOfAwsSchedules(chosen),
        ...warnOfOddSteps(chosen),
        ...warnOfSkippedRuns(chosen, from),
      ]);
      const schedules: JobSchedule[] = [
        ...Object.entries(chosen.syncs).map(([sync, { schedule }]) => ({
          sync,
          ...describe(schedule, from, count),
        })),
        ...Object.entries(chosen.extractions).map(([extraction, { schedule }]) => ({
          extraction,
          ...describe(schedule, from, count),
        })),
      ];
      if (only !== undefined && schedules.length === 0) throw unknownJob(only, loaded.config);
      stdout.write(options.json ? `${JSON.stringify(schedules, null, 2)}\n` : format(schedules));
    });
}

function describe(schedule: ScheduleConfig | undefined, from: Date, count: number): JobSchedule {
  if (!schedule) return { runs: [] };
  const { schedule: parsed } = parseSchedule(schedule.cron);
  const { expression, timezone } = writtenSchedule(schedule);
  const runs = parsed.type === 'rate' ? [] : nextRuns(parsed, timezone, from, count);
  return {
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

function format(schedules: readonly JobSchedule[]): string {
  if (schedules.length === 0) return 'There are no jobs.\n';
  const rows = schedules.flatMap((schedule) => formatRows(schedule));
  const table = formatTable(['JOB', 'NEXT RUN', 'OFFSET', 'ZONE', 'UTC'], rows);
  const counted = schedules.some(({ expression }) => RATE.test(expression ?? ''));
  return `${table}\n${counted ? '\n"every …" is counted from the deployment.\n' : ''}`;
}

function formatRows(schedule: JobSchedule): string[][] {
  const { sync, extraction, expression, timezone = '', enabled, runs } = schedule;
  const job = sync ?? extraction ?? '';
  const note = (text: string, zone = '') => [[job, text, '', zone, '']];
  if (expression === undefined) return note('no schedule');
  if (enabled === false) return note('switched off', timezone);
  const [, rate, duration = rate] = RATE.exec(expression) ?? [];
  if (duration !== undefined) return note(`every ${duration.replace(/^1 /, '')}`);
  if (runs.length === 0) return note('never again', timezone);
  return runs.map(({ local, utc }) => {
    const [date = '', time = ''] = local.split('T');
    const [initial = '', ...others] = WEEKDAYS[new Date(date).getUTCDay()] ?? '';
    const weekday = initial + others.join('').toLowerCase();
    // The offset separately, so that people see how it changes with the season.
    return [
      job,
      `${weekday} ${date} ${time.slice(0, 5)}`,
      time.slice(5),
      timezone,
      utc.slice(0, 16).replace('T', ' '),
    ];
  });
}
