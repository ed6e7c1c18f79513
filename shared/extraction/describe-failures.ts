import type { DatabaseOutcome, RunRecord } from '../runs/records/run-record.ts';
import { labelOf } from './read-database.ts';

// The record lists all of them; a message is easier to read with a few.
const MAX_NAMES = 5;
const MAX_CAUSES = 3;

/**
 * The error of a run in which some or all databases failed: the class and hint of the first one, and a message with each
 * cause once.
 *
 * @returns undefined when none failed
 */
export function describeFailures(outcomes: readonly DatabaseOutcome[]): RunRecord['error'] {
  const failed = outcomes.filter(({ state }) => state === 'failed');
  const [first] = failed;
  if (!first?.error) return undefined;
  const { hint, message } = first.error;
  return {
    class: first.error.class,
    message: outcomes.length === 1 ? message : `${countOf(failed, outcomes)} ${tellCauses(failed)}`,
    ...(hint === undefined ? {} : { hint }),
  };
}

const countOf = (failed: readonly DatabaseOutcome[], all: readonly DatabaseOutcome[]) =>
  `${failed.length} of ${all.length} databases failed.`;

function tellCauses(failed: readonly DatabaseOutcome[]): string {
  const causes = [...Map.groupBy(failed, ({ error }) => error?.message).values()];
  const told = causes
    .slice(0, MAX_CAUSES)
    .flatMap(([first, ...likewise]) =>
      first === undefined
        ? []
        : [`${labelOfOutcome(first)}: ${first.error?.message}`, ...list('Likewise', likewise)],
    );
  return [...told, ...list('Also failed', causes.slice(MAX_CAUSES).flat())].join(' ');
}

const labelOfOutcome = ({ source, database }: DatabaseOutcome) => labelOf(source, database);

function list(title: string, outcomes: readonly DatabaseOutcome[]): string[] {
  if (outcomes.length === 0) return [];
  const names = outcomes.slice(0, MAX_NAMES).map(labelOfOutcome);
  const more = outcomes.length > MAX_NAMES ? ` and ${outcomes.length - MAX_NAMES} more` : '';
  return [`${title}: ${names.join(', ')}${more}.`];
}
