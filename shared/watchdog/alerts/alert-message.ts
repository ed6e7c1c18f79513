import type { Scheduler } from '../../config/schedule/eventbridge-schedule.ts';
import type { Language } from '../../config/schema/language.ts';
import type { RunRecord } from '../../runs/records/run-record.ts';
import { printableMessage } from '../../text/printable.ts';
import type { WatchedJobs } from '../watched-jobs.ts';
import type { AlertWords } from './alert-words.ts';
import type { AlertFacts, AlertMessage } from './channel.ts';
import { englishAlerts } from './english-alerts.ts';
import { germanAlerts } from './german-alerts.ts';
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
  /** Of the messages. @default English */
  language?: Language | undefined;
}

const languages: Readonly<Record<Language, AlertWords>> = { en: englishAlerts, de: germanAlerts };
const alertWords = (language: Language | undefined): AlertWords => languages[language ?? 'en'];

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
  const words = alertWords(where.language);
  const shown = group.slice(0, IN_DETAIL);
  const others = group.slice(IN_DETAIL).map(({ incident }) => incident.job);
  const parts = shown.map((alert) => describe(alert, where));
  if (others.length > 0) {
    const names = others.slice(0, MAX_NAMES).join(', ');
    parts.push(words.others(others.length, names, others.length <= MAX_NAMES));
  }
  const text = `${parts.join('\n\n----\n\n')}\n\n${words.closing(group[0]?.incident)}\n`;
  return { subject: subjectOf(group, where), text, stack: where.stack, alerts: group.map(factsOf) };
}

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII, no line breaks, fewer than 100 characters. */
export function subjectOf(
  group: readonly Alert[],
  { stack, language }: Pick<AlertLinks, 'stack' | 'language'>,
): string {
  const words = alertWords(language);
  const [first] = group;
  if (!first) return '';
  const { incident } = first;
  const who = group.length === 1 ? incident.job : words.jobs(group.length, incident.source);
  const text = `${who} ${words.summary(incident, group.length)} [Ferry, ${stack}]`;
  const ascii = words.ascii(text).replaceAll(/[^\x20-\x7e]+/g, '?');
  return ascii.length < 100 ? ascii : `${ascii.slice(0, 96)}...`;
}

function factsOf({ incident: { job, source, kind, class: type, about, since, subject } }: Alert): AlertFacts {
  const isRun = kind !== 'overdue' && kind !== 'dead-letter';
  return { job, source, kind, class: type, about, since, ...(isRun ? { runId: subject } : {}) };
}

function describe(alert: Alert, where: AlertLinks): string {
  const words = alertWords(where.language);
  const { labels, time } = words;
  const { incident, record, lastGood } = alert;
  const { job, kind, about, since, recoveredAt } = incident;
  const isProblem = about === 'problem';
  const watched = Object.hasOwn(where.jobs, job) ? where.jobs[job] : undefined;
  const zone = watched?.schedule?.timezone ?? 'UTC';
  const jobAndScheduler = { kind: watched?.kind, scheduler: where.scheduler };
  const rows: [string, string | undefined][] = [
    [labels.job, words.nameJob(incident, watched?.kind ?? 'sync')],
    [labels.what, words.whatHappened(incident)],
    [labels.error, record?.error && words.errorOf(record.error)],
    [kind === 'overdue' && isProblem ? labels.planned : labels.since, time(since, zone)],
    [labels.worksAgain, !isProblem && recoveredAt ? time(recoveredAt, zone) : undefined],
    [labels.lastGood, isProblem ? (lastGood ? time(lastGood, zone) : words.noneYet) : undefined],
    [labels.advice, isProblem ? words.adviceFor(incident, record, jobAndScheduler) : undefined],
    [words.hint ?? '', words.hint !== undefined && isProblem ? record?.error?.hint : undefined],
    [labels.run, record && `${record.id}${where.apiUrl ? `, GET ${where.apiUrl}runs/${record.id}` : ''}`],
    [
      labels.start,
      isProblem && where.apiUrl && job !== 'unknown' ? `POST ${where.apiUrl}jobs/${job}/runs` : undefined,
    ],
    [labels.logs, isProblem ? where.logsUrl(job) : undefined],
  ];
  const known = rows.filter((row): row is [string, string] => Boolean(row[1]));
  const width = Math.max(...known.map(([name]) => name.length)) + 2;
  return known.map(([name, value]) => `${`${name}:`.padEnd(width)}${printableMessage(value)}`).join('\n');
}
