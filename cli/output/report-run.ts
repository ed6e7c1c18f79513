import type { Run } from '../../shared/api/schemas.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';
import { formatBytes, formatCount, formatDuration } from '../../shared/text/format.ts';
import type { CliContext } from '../cli-context.ts';
import { exitCodeOfRun } from '../exit-codes.ts';
import { formatError, printWarnings } from './output.ts';

/**
 * Prints how a run ended, and sets the matching exit code.
 *
 * @param options.file where a rehearsal put its file
 */
export function reportRun(
  run: RunRecord | Run,
  { stdout, stderr, setExitCode }: CliContext,
  { json, file }: { json?: true | undefined; file?: string | undefined },
): void {
  if (json) stdout.write(`${JSON.stringify(run, null, 2)}\n`);
  else stdout.write(summarize(run, file));
  if (run.error) stderr.write(formatError(run.error));
  printWarnings(stderr, run.warnings);
  setExitCode(exitCodeOfRun(run));
}

/** One line on how the run ended. */
function summarize(record: RunRecord | Run, file: string | undefined): string {
  const facts = [
    record.rows === undefined ? undefined : countRows(record, record.rows),
    record.bytes === undefined ? undefined : formatBytes(record.bytes),
    record.durationMs === undefined ? undefined : formatDuration(record.durationMs),
  ].filter((fact) => fact !== undefined);
  const outcome = record.outcome ? ` (${record.outcome})` : '';
  const written = record.state === 'succeeded' || record.error?.class === 'GuardError';
  const rehearsed = `nothing uploaded${written ? `, file ${file}` : ''}`;
  const where = file === undefined || record.kind === 'extraction' ? `run ${record.id}` : rehearsed;
  const manifest = record.manifest === undefined ? '' : `  ${record.manifest}\n`;
  return `${record.job} ${record.state}${outcome}: ${[...facts, where].join(', ')}\n${manifest}`;
}

const countRows = ({ kind }: RunRecord | Run, rows: number) =>
  kind === 'extraction' ? formatCount(rows, 'entity', 'entities') : formatCount(rows, 'row');
