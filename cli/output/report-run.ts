import type { Run } from '../../shared/api/schemas.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';
import { formatBytes, formatCount, formatDuration } from '../../shared/text/format.ts';
import type { CliContext } from '../cli-context.ts';
import { exitCodeOfRun } from '../exit-codes.ts';
import { formatFailure } from './failures.ts';
import { printWarnings } from './output.ts';
import { isRefused, stateWord } from './run-state.ts';

/** What there is to say about a dry run besides its record. */
export interface RehearsalReport {
  /** Where its file is, if it was kept: it is also there when a guard refuses it. */
  file?: string | undefined;
}

/**
 * Prints how a run ended, and sets the matching exit code.
 *
 * @param options.rehearsal for a dry run
 * @param options.known warnings that the run before had as well, which are only counted
 */
export function reportRun(
  run: RunRecord | Run,
  { stdout, stderr, setExitCode, asTyped }: CliContext,
  {
    json,
    rehearsal,
    known = [],
  }: { json?: true | undefined; rehearsal?: RehearsalReport | undefined; known?: readonly string[] },
): void {
  if (json) stdout.write(`${JSON.stringify(run, null, 2)}\n`);
  else stdout.write(rehearsal && run.kind === 'sync' ? describeRehearsal(run, rehearsal) : summarize(run));
  if (run.error) stderr.write(formatFailure(run, run.error, asTyped));
  const news = run.warnings.filter((warning) => !known.includes(warning));
  printWarnings(stderr, news);
  const repeated = run.warnings.length - news.length;
  if (repeated > 0)
    stderr.write(`${formatCount(repeated, 'warning')} as in the run before (--json shows them).\n`);
  setExitCode(exitCodeOfRun(run));
}

/** One line on how the run ended. */
function summarize(record: RunRecord | Run): string {
  const outcome = record.outcome ? ` (${record.outcome})` : '';
  const manifest = record.manifest === undefined ? '' : `  ${record.manifest}\n`;
  return `${record.job} ${stateWord(record)}${outcome}: ${[...factsOf(record), `run ${record.id}`].join(', ')}\n${manifest}`;
}

const factsOf = (record: RunRecord | Run) =>
  [
    record.rows === undefined ? undefined : countRows(record, record.rows),
    record.bytes === undefined ? undefined : formatBytes(record.bytes),
    record.durationMs === undefined ? undefined : formatDuration(record.durationMs),
  ].filter((fact) => fact !== undefined);

const countRows = ({ kind }: RunRecord | Run, rows: number) =>
  kind === 'extraction' ? formatCount(rows, 'entity', 'entities') : formatCount(rows, 'row');

/** What a run would have done. */
function describeRehearsal(record: RunRecord | Run, { file }: RehearsalReport): string {
  const { job, state, dataset, outcome, unchangedSince } = record;
  const facts = factsOf(record).join(', ');
  const kept = file !== undefined && (state === 'succeeded' || isRefused(record));
  const end = `Nothing was sent or recorded${kept ? `; the file is ${file}` : ''}.`;
  if (state === 'cancelled') return `${job}: the dry run was cancelled. ${end}\n`;
  if (state !== 'succeeded') {
    const leaves = isRefused(record) ? ` The guards refuse ${facts}.` : '';
    return `${job}: a run would fail and leave ${dataset} unchanged.${leaves} ${end}\n`;
  }
  if (outcome === 'unchanged')
    return `${job}: a run would send nothing while ${dataset} still shows the upload of run ${unchangedSince}, which has the same content: ${facts}. ${end}\n`;
  return `${job}: a run would upload this to ${dataset}: ${facts}. ${end}\n`;
}
