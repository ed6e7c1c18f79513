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
import { type AsTyped, formatError } from './output.ts';

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
