import { offsetOfTwin } from '../../config/schedule/clock-changes.ts';
import { formatCount, formatDuration } from '../../text/format.ts';
import { PARTIAL } from '../problems.ts';
import type { AlertWords } from './alert-words.ts';

export const englishAlerts: AlertWords = {
  labels: {
    job: 'Job',
    what: 'What',
    error: 'Error',
    planned: 'Planned for',
    since: 'Since',
    worksAgain: 'Works again',
    lastGood: 'Last good run',
    advice: 'What to try',
    run: 'Run',
    start: 'Start it again',
    logs: 'Logs',
  },
  noneYet: 'none yet',
  jobs: (count, source) => `${count} jobs${source === '' ? '' : ` of ${source}`}`,

  summary({ about, kind, class: type }, count) {
    if (about === 'recovery') return count === 1 ? 'works again' : 'work again';
    switch (kind) {
      case 'failed':
        if (type === PARTIAL) return `${count === 1 ? 'is' : 'are'} incomplete: some databases failed`;
        return `failed: ${type}`;
      case 'overdue':
        return 'did not run when planned';
      case 'near-time':
        return count === 1 ? 'is near its time limit' : 'are near their time limits';
      case 'near-rows':
        return count === 1 ? 'is near its maxRows' : 'are near their maxRows';
      case 'dead-letter':
        return `lost a start: ${type}`;
    }
  },

  nameJob({ job, source }, kind) {
    if (source !== '') return `${job} (${kind} of the source ${source})`;
    return kind === 'extraction' ? `${job} (extraction of several sources)` : job;
  },

  errorOf: ({ class: type, message, phase }) =>
    `${type}${phase === undefined ? '' : ` in the phase "${phase}"`}: ${message}`,

  whatHappened({ about, kind, class: type, measured }) {
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
  },

  adviceFor({ kind, class: type }, record, { kind: jobKind, scheduler }) {
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
  },

  others: (count, names, isAll) =>
    `The same applies to ${formatCount(count, 'other job')}: ${names}${isAll ? '' : ', …'}.`,

  closing(first) {
    if (first?.about === 'recovery' || first?.kind === 'dead-letter') return 'This is reported once.';
    if (first?.kind === 'failed')
      return 'This is reported once. You will be notified again when a run succeeds, or fails with another error.';
    if (first?.kind === 'overdue')
      return 'This is reported once. You will be notified again when a run succeeds.';
    return 'This is reported once, until a run stays clear of the limit.';
  },

  time(iso, timeZone) {
    const shown = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    const offset = offsetOfTwin(timeZone, Date.parse(iso));
    return [shown.format(new Date(iso)), offset, timeZone].filter(Boolean).join(' ');
  },
  ascii: (text) => text,
};
