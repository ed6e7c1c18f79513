import type { Run } from '../../shared/api/schemas.ts';
import {
  describeFailures,
  groupByCause,
  labelOfOutcome,
} from '../../shared/extraction/databases/describe-failures.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';
import { formatCount } from '../../shared/text/format.ts';
import { nameSome } from '../../shared/text/name-some.ts';
import { printable, printableMessage } from '../../shared/text/printable.ts';
import { type AsTyped, formatError, type Output } from './output.ts';
import { wrapText } from './wrap-text.ts';

/** Why a run failed, for a terminal: of many databases each cause once, on lines of its own, with what to do about it. */
export function formatFailure(
  run: RunRecord | Run,
  error: NonNullable<RunRecord['error']>,
  asTyped: AsTyped = (hint) => hint,
): string {
  const { databases = [] } = run;
  const causes = groupByCause(databases);
  // The run itself may have failed, whatever became of its databases.
  if (databases.length < 2 || describeFailures(databases)?.message !== error.message)
    return formatError(error, asTyped);
  const failed = causes.flat().length;
  const hints = new Set<string>();
  const lines = causes.flatMap((outcomes) => {
    const why = outcomes[0]?.error;
    if (why === undefined) return [];
    const names = nameSome(outcomes.map(labelOfOutcome));
    const line = `  ${printable(names)}: ${printable(why.class)}: ${printableMessage(why.message)}`;
    if (why.hint === undefined || hints.has(why.hint)) return [line];
    hints.add(why.hint);
    return [line, `    → ${printableMessage(asTyped(why.hint))}`];
  });
  return `${formatCount(failed)} of ${formatCount(databases.length)} databases failed:\n${lines.join('\n')}\n`;
}

type AnyRun = RunRecord | Run;

// A list is read from its end, so the rest is left to one run's own page.
const MOST = 5;

/** The classes of what went wrong: of databases that failed for different reasons, each once. */
export function errorClasses({ databases = [], error }: AnyRun): string[] {
  if (error === undefined) return [];
  const ofDatabases = databases.flatMap((one) => (one.error === undefined ? [] : [one.error.class]));
  // Of databases that failed, the run has the first one's.
  return [...new Set(ofDatabases[0] === error.class ? ofDatabases : [error.class])];
}

/**
 * Why the runs of a list did not succeed: the causes, the newest first, each once with the jobs that it kept from
 * succeeding.
 *
 * @param showOne the command that shows all about one of them
 * @returns lines below the table; empty when all is well
 */
export function formatCauses(
  runs: readonly AnyRun[],
  { columns = 80 }: Pick<Output, 'columns'>,
  showOne: string,
): string {
  const failed = runs.filter(({ state, error }) => error !== undefined && /^(failed|partial)$/.test(state));
  if (failed.length === 0) return '';
  const causes = [...Map.groupBy(failed, ({ error }) => `${error?.class} ${error?.message}`).values()];
  const lines = causes.slice(0, MOST).map((alike) => {
    const jobs = nameSome([...new Set(alike.map(({ job }) => job))]);
    const often = alike.length === 1 ? '' : ` (${formatCount(alike.length, 'run')})`;
    const [newest] = alike;
    const kinds = newest === undefined ? [] : errorClasses(newest);
    const message = printableMessage(newest?.error?.message ?? '');
    const text = `${printable(jobs)}${often}: ${printable(kinds.join(', '))}: ${message}`;
    return `  ${wrapText(text, Math.max(40, columns - 2), '    ')}\n`;
  });
  const more = causes.length - MOST;
  const others = more > 0 ? `  and ${formatCount(more, 'other cause')}\n` : '';
  return `\nWhy (what to do: ${showOne}):\n${lines.join('')}${others}`;
}
