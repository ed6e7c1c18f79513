import type { Scheduler } from '../../config/schedule/eventbridge-schedule.ts';
import type { RunRecord } from '../../runs/records/run-record.ts';
import { formatCount, formatDuration } from '../../text/format.ts';
import { printableMessage } from '../../text/printable.ts';
import { PARTIAL } from '../problems.ts';
import type { WatchedJobs } from '../watched-jobs.ts';
import type { AlertFacts, AlertMessage } from './channel.ts';
import type { Incident } from './incident.ts';

/** An incident, with what helps to understand it. */
export interface Alert {
  incident: Incident;
  /** The run that it is about, if known. */
  record?: RunRecord | undefined;
  /** When the last good run ended, ISO 8601. */
  lastGood?: string | undefined;
}

/** Where people can look. */
export interface AlertLinks {
  stack: string;
  jobs: WatchedJobs;
  /** Address of the API, with a slash at its end. */
  apiUrl?: string | undefined;
  /** Where a job's function and its logs are shown. */
  logsUrl: (job: string) => string | undefined;
  /** Who keeps the schedules. @default eventbridge */
  scheduler?: Scheduler;
}

// How many alerts a message shows in full; it only names the others.
const IN_DETAIL = 5;
const MAX_NAMES = 100;

/**
 * Alerts that share one message: of the same kind and class, from the same source. A source that is down is one mail.
 */
export function groupAlerts(alerts: readonly Alert[]): Alert[][] {
  const sameMail = ({ incident: { about, kind, source, class: type, sentTo } }: Alert) =>
    JSON.stringify([about, kind, source, about === 'problem' ? type : '', sentTo]);
  return [...Map.groupBy(alerts, sameMail).values()];
}

/** The runs whose records {@link messageOf} shows: those of the first alerts in a group that are about a run. */
export function runsToShow(group: readonly Alert[]): Pick<Incident, 'job' | 'subject'>[] {
  return group
    .slice(0, IN_DETAIL)
    .map(({ incident }) => incident)
    .filter(({ about, kind }) => about === 'problem' && kind === 'failed');
}

/** Writes the message about a group of alerts. */
export function messageOf(group: readonly Alert[], where: AlertLinks): AlertMessage {
  const shown = group.slice(0, IN_DETAIL);
  const others = group.slice(IN_DETAIL).map(({ incident }) => incident.job);
  const parts = shown.map((alert) => describe(alert, where));
  if (others.length > 0) {
    const names = others.slice(0, MAX_NAMES).join(', ');
    parts.push(
      `The same applies to ${formatCount(others.length, 'other job')}: ${names}${others.length > MAX_NAMES ? ', …' : ''}.`,
    );
  }
  const text = `${parts.join('\n\n----\n\n')}\n\n${closing(group[0])}\n`;
  return { subject: subjectOf(group, where), text, stack: where.stack, alerts: group.map(factsOf) };
}

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII, no line breaks, fewer than 100 characters. */
export function subjectOf(group: readonly Alert[], { stack }: Pick<AlertLinks, 'stack'>): string {
  const [first] = group;
  if (!first) return '';
  const { incident } = first;
  const who =
    group.length === 1
      ? incident.job
      : `${group.length} jobs${incident.source === '' ? '' : ` of ${incident.source}`}`;
  const ascii = `${who} ${summary(incident, group.length)} [Ferry, ${stack}]`.replaceAll(
    /[^\x20-\x7e]+/g,
    '?',
  );
  return ascii.length < 100 ? ascii : `${ascii.slice(0, 96)}...`;
}

function summary({ about, kind, class: type }: Incident, count: number): string {
  if (about === 'recovery') return count === 1 ? 'works again' : 'work again';
  switch (kind) {
    case 'failed':
      if (type === PARTIAL) return `${count === 1 ? 'is' : 'are'} incomplete: some databases failed`;
      return `failed: ${type}`;
    case 'overdue':
      return count === 1 ? 'did not run when planned' : 'did not run when planned';
    case 'near-time':
      return count === 1 ? 'is near its time limit' : 'are near their time limits';
    case 'near-rows':
      return count === 1 ? 'is near its maxRows' : 'are near their maxRows';
    case 'dead-letter':
      return `lost a start: ${type}`;
  }
}

function factsOf({ incident: { job, source, kind, class: type, about, since, subject } }: Alert): AlertFacts {
  const isRun = kind !== 'overdue' && kind !== 'dead-letter';
  return { job, source, kind, class: type, about, since, ...(isRun ? { runId: subject } : {}) };
}

function describe(alert: Alert, where: AlertLinks): string {
  const { incident, record, lastGood } = alert;
  const { job, kind, about, since, recoveredAt } = incident;
  const zone = where.jobs[job]?.schedule?.timezone ?? 'UTC';
  const rows: [string, string | undefined][] = [
    ['Job', nameJob(incident, where)],
    ['What', whatHappened(incident)],
    ['Error', record?.error && errorOf(record.error)],
    [kind === 'overdue' && about === 'problem' ? 'Planned for' : 'Since', showTime(since, zone)],
    ['Works again', about === 'recovery' && recoveredAt ? showTime(recoveredAt, zone) : undefined],
    ['Last good run', about === 'problem' ? (lastGood ? showTime(lastGood, zone) : 'none yet') : undefined],
    [
      'What to try',
      about === 'problem'
        ? adviceFor(incident, record, { kind: where.jobs[job]?.kind, scheduler: where.scheduler })
        : undefined,
    ],
    ['Run', record && `${record.id}${where.apiUrl ? `, GET ${where.apiUrl}runs/${record.id}` : ''}`],
    [
      'Start it again',
      about === 'problem' && where.apiUrl && job !== 'unknown'
        ? `POST ${where.apiUrl}jobs/${job}/runs`
        : undefined,
    ],
    ['Logs', about === 'problem' ? where.logsUrl(job) : undefined],
  ];
  const known = rows.filter((row): row is [string, string] => Boolean(row[1]));
  const width = Math.max(...known.map(([name]) => name.length)) + 2;
  return known.map(([name, value]) => `${`${name}:`.padEnd(width)}${printableMessage(value)}`).join('\n');
}

function nameJob({ job, source }: Incident, { jobs }: AlertLinks): string {
  const kind = jobs[job]?.kind ?? 'sync';
  if (source !== '') return `${job} (${kind} of the source ${source})`;
  return kind === 'extraction' ? `${job} (extraction of several sources)` : job;
}

const errorOf = ({ class: type, message, phase }: NonNullable<RunRecord['error']>) =>
  `${type}${phase === undefined ? '' : ` in the phase "${phase}"`}: ${message}`;

function whatHappened({ about, kind, class: type, measured }: Incident): string {
  if (about === 'recovery') return kind === 'overdue' ? 'It runs again.' : 'A run succeeded.';
  switch (kind) {
    case 'failed':
      if (type === PARTIAL) return 'Its runs write nothing for some databases; the others are complete.';
      return `Its runs fail with ${type}.`;
    case 'overdue':
      return 'No run began at the planned time.';
    case 'near-time':
      return measured
        ? `A run took ${formatDuration(measured.value)} of the ${formatDuration(measured.limit)} that it may take.`
        : 'A run took most of the time that it may take.';
    case 'near-rows':
      return measured
        ? `A result has ${formatCount(measured.value, 'row')}; more than ${formatCount(measured.limit)} are refused (guards.maxRows).`
        : 'A result has nearly as many rows as guards.maxRows allows.';
    case 'dead-letter':
      return `AWS gave up on a start of the job (${type}).`;
  }
}

function adviceFor(
  { kind, class: type }: Incident,
  record: RunRecord | undefined,
  { kind: jobKind, scheduler }: { kind: RunRecord['kind'] | undefined; scheduler: Scheduler | undefined },
): string {
  switch (kind) {
    case 'failed':
      return record?.error?.hint ?? `Look up ${record?.error?.class ?? type} in docs/troubleshooting.md.`;
    case 'overdue':
      if (scheduler === 'process')
        return 'See whether ferry serve was running then, and what its log says of the job.';
      return 'See whether the schedule is enabled in EventBridge Scheduler, and whether its function is throttled (Lambda, Monitor).';
    case 'near-time':
      if (scheduler === 'process') return 'Raise --timeout, or read less, before the runs fail.';
      return `Raise \`timeout\` (at most 15m) or \`memory\` (which also gives it more CPU), or ${jobKind === 'extraction' ? 'split the databases between two extractions,' : 'read less'} before the runs fail.`;
    case 'near-rows':
      return 'Raise guards.maxRows if so many rows are right.';
    case 'dead-letter':
      // What the function itself threw has Ferry's own name.
      if (type.endsWith('Error')) return `Look up ${type} in docs/troubleshooting.md, then start it again.`;
      return 'RetriesExhausted: its process was killed each time, usually because it ran out of memory. Anything else: the function could not be called. Start it again once that is fixed.';
  }
}

/** A moment in the job's zone, for people. */
function showTime(iso: string, timeZone: string): string {
  const shown = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return `${shown.format(new Date(iso))} ${timeZone}`;
}

function closing(first: Alert | undefined): string {
  if (first?.incident.about === 'recovery' || first?.incident.kind === 'dead-letter')
    return 'This is reported once.';
  if (first?.incident.kind === 'failed')
    return 'This is reported once. You will be notified again when a run succeeds, or fails with another error.';
  if (first?.incident.kind === 'overdue')
    return 'This is reported once. You will be notified again when a run succeeds.';
  return 'This is reported once, until a run stays clear of the limit.';
}
