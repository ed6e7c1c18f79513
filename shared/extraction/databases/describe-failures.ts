import type { DatabaseOutcome, RunRecord } from '../../runs/records/run-record.ts';
import { labelOf } from './database-label.ts';

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

/**
 * The failed databases by cause, in the order of the first of each. A message that differs by nothing but the name of
 * the database is the same cause.
 */
export function groupByCause(outcomes: readonly DatabaseOutcome[]): DatabaseOutcome[][] {
  const failed = outcomes.filter(({ state }) => state === 'failed');
  return [...Map.groupBy(failed, causeOf).values()];
}

const causeOf = ({ database, error }: DatabaseOutcome) =>
  database === undefined ? error?.message : error?.message.replaceAll(`"${database}"`, '"…"');

function tellCauses(failed: readonly DatabaseOutcome[]): string {
  const causes = groupByCause(failed);
  const told = causes
    .slice(0, MAX_CAUSES)
    .flatMap(([first, ...likewise]) =>
      first === undefined
        ? []
        : [`${labelOfOutcome(first)}: ${first.error?.message}`, ...list('Likewise', likewise)],
    );
  return [...told, ...list('Also failed', causes.slice(MAX_CAUSES).flat())].join(' ');
}

/** @returns how a message calls a database */
export const labelOfOutcome = ({ source, database }: DatabaseOutcome) => labelOf(source, database);

function list(title: string, outcomes: readonly DatabaseOutcome[]): string[] {
  if (outcomes.length === 0) return [];
  const names = outcomes.slice(0, MAX_NAMES).map(labelOfOutcome);
  const more = outcomes.length > MAX_NAMES ? ` and ${outcomes.length - MAX_NAMES} more` : '';
  return [`${title}: ${names.join(', ')}${more}.`];
}
