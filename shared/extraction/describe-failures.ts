import type { DatabaseOutcome, RunRecord } from '../runs/records/run-record.ts';
import { labelOf } from './read-database.ts';

// The record lists all of them; a message is easier to read with a few.
const MAX_NAMES = 5;

/**
 * The error of a run in which some or all databases failed: the class of the first one, and a message that names the
 * others.
 *
 * @returns undefined when none failed
 */
export function describeFailures(outcomes: readonly DatabaseOutcome[]): RunRecord['error'] {
  const failed = outcomes.filter(({ state }) => state === 'failed');
  const [first, ...others] = failed;
  if (!first?.error) return undefined;
  const { hint } = first.error;
  return {
    class: first.error.class,
    message:
      outcomes.length === 1
        ? first.error.message
        : `${countOf(failed, outcomes)} ${told(first)}${listOthers(others)}`,
    ...(hint === undefined ? {} : { hint }),
  };
}

const countOf = (failed: readonly DatabaseOutcome[], all: readonly DatabaseOutcome[]) =>
  `${failed.length} of ${all.length} databases failed.`;

const told = ({ source, database, error }: DatabaseOutcome) =>
  `${labelOf(source, database)}: ${error?.message}`;

function listOthers(others: readonly DatabaseOutcome[]): string {
  if (others.length === 0) return '';
  const names = others.slice(0, MAX_NAMES).map(({ source, database }) => labelOf(source, database));
  const more = others.length > MAX_NAMES ? ` and ${others.length - MAX_NAMES} more` : '';
  return ` Also failed: ${names.join(', ')}${more}.`;
}
