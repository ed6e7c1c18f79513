import type { FerryError } from '../../shared/errors.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';
import { formatBytes, formatCount, formatDuration } from '../../shared/text/format.ts';
import { nameSome } from '../../shared/text/name-some.ts';
import { printable, printableMessage } from '../../shared/text/printable.ts';
import { EXIT, exitCodeOf, exitCodeOfRun } from '../exit-codes.ts';
import { formatFailure } from './failures.ts';
import { type AsTyped, formatError, formatTable } from './output.ts';
import { isRefused } from './run-state.ts';

/** How one of several jobs ended: with a record, or before there could be one. */
export type JobEnd = { job: string; record: RunRecord } | { job: string; error: FerryError };

const codeOf = (end: JobEnd) => ('record' in end ? exitCodeOfRun(end.record) : exitCodeOf(end.error));

/** The one exit code of several runs: 0 if all succeeded; what those have in common that did not; else 1. */
export function exitCodeOfAll(ends: readonly JobEnd[]): number {
  const codes = [...new Set(ends.map(codeOf).filter((code) => code !== EXIT.succeeded))];
  if (codes.length > 1) return EXIT.failed;
  return codes[0] ?? EXIT.succeeded;
}

/** What happened to the dataset, in a word: the outcome of a run that ended well, else its state. */
function stateOf(end: JobEnd, dryRun: boolean): string {
  if ('error' in end) return end.error.class === 'CancelledError' ? 'not begun' : 'failed';
  const { state, outcome } = end.record;
  if (isRefused(end.record)) return dryRun ? 'would be refused' : 'refused';
  if (state !== 'succeeded') return dryRun && state === 'failed' ? 'would fail' : state;
  if (!dryRun) return outcome ?? state;
  return outcome === 'unchanged' ? 'would send nothing' : outcome === undefined ? 'would upload' : outcome;
}

const errorOf = (end: JobEnd) => ('record' in end ? end.record.error : end.error);

/** One line about a job as soon as it has ended. */
export function reportEnd(end: JobEnd, dryRun: boolean): string {
  const rows = 'record' in end && end.record.rows !== undefined ? [countOf(end.record)] : [];
  const time =
    'record' in end && end.record.durationMs !== undefined ? [formatDuration(end.record.durationMs)] : [];
  return `${printable(end.job)} ${[stateOf(end, dryRun), ...rows, ...time].join(', ')}\n`;
}

const countOf = ({ kind, rows = 0 }: RunRecord) =>
  kind === 'extraction' ? formatCount(rows, 'entity', 'entities') : formatCount(rows, 'row');

/** A table of all jobs, those that failed last, each cause once, and a sentence about all of them. */
export function summarizeRuns(
  ends: readonly JobEnd[],
  { dryRun, out, asTyped }: { dryRun: boolean; out?: string | undefined; asTyped?: AsTyped | undefined },
): string {
  const bad = ends.filter((end) => codeOf(end) !== EXIT.succeeded);
  const ordered = [...ends.filter((end) => !bad.includes(end)), ...bad];
  const rows = ordered.map((end) => [end.job, stateOf(end, dryRun), ...factsOf(end)]);
  const table = formatTable(['JOB', 'STATE', 'ROWS', 'SIZE', 'TIME', 'WARNINGS'], rows, [2, 3, 4, 5]);
  const causes = groupCauses(bad, asTyped);
  const warnings = groupWarnings(ends);
  const nothing = dryRun
    ? ` Nothing was sent or recorded, and Polyteia was not asked: ferry check does that.${out === undefined ? '' : ` The files are in ${printable(out)}.`}`
    : '';
  const others = dryRun ? '' : countStates(bad);
  const good = `${formatCount(ends.length - bad.length)} of ${formatCount(ends.length, 'job')} ${dryRun ? 'would succeed' : 'succeeded'}${others}.`;
  return `\n${table}\n${warnings}${causes}\n${good}${nothing}\n`;
}

/** `; 2 failed, 1 partial`, where there is more than one kind of bad end. */
function countStates(bad: readonly JobEnd[]): string {
  const states = [...Map.groupBy(bad, (end) => stateOf(end, false))];
  if (states.length < 2) return '';
  return `; ${states.map(([state, ends]) => `${formatCount(ends.length)} ${state}`).join(', ')}`;
}

function factsOf(end: JobEnd): string[] {
  if (!('record' in end)) return [];
  const { rows, bytes, durationMs, warnings } = end.record;
  return [
    rows === undefined ? '' : formatCount(rows),
    bytes === undefined ? '' : formatBytes(bytes),
    durationMs === undefined ? '' : formatDuration(durationMs),
    warnings.length === 0 ? '' : formatCount(warnings.length),
  ];
}

/** Each warning once, with the jobs that have it. */
function groupWarnings(ends: readonly JobEnd[]): string {
  const groups = new Map<string, string[]>();
  for (const end of ends) {
    const warnings = 'record' in end ? end.record.warnings : [];
    for (const warning of warnings) groups.set(warning, [...(groups.get(warning) ?? []), end.job]);
  }
  const lines = [...groups].map(
    ([warning, jobs]) => `warning: ${printable(nameSome(jobs))}: ${printableMessage(warning)}\n`,
  );
  return lines.length === 0 ? '' : `\n${lines.join('')}`;
}

/** Each cause once, with the jobs that it ended. */
function groupCauses(bad: readonly JobEnd[], asTyped?: AsTyped): string {
  const groups = new Map<string, string[]>();
  for (const end of bad) {
    const error = errorOf(end);
    if (!error || error.class === 'CancelledError') continue;
    // The hint of a refused result names its run.
    const cause = (
      'record' in end ? formatFailure(end.record, error, asTyped) : formatError(error, asTyped)
    ).trimEnd();
    groups.set(cause, [...(groups.get(cause) ?? []), printable(end.job)]);
  }
  return [...groups]
    .map(([cause, jobs]) => `\n${jobs.join(', ')}\n  ${cause.replaceAll('\n', '\n  ')}\n`)
    .join('');
}
