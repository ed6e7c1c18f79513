import { toFerryError } from '../errors.ts';
import type { DatabaseOutcome } from '../runs/records/run-record.ts';
import { sumOf } from './databases/read-database.ts';
import type { ManifestDatabase } from './output/manifest.ts';

/** How a database ended; a failed one with the hint, which the manifest has no place for. */
export type Outcome = ManifestDatabase & { hint?: string | undefined };

/** For a database that could not be read. Without its name when Ferry could not ask the source for it. */
export function failedOutcome(source: string, database: string | undefined, thrown: unknown): Outcome {
  const { class: name, message, hint } = toFerryError(thrown);
  return {
    source,
    ...(database === undefined ? {} : { database }),
    state: 'failed',
    entities: {},
    error: { class: name, message },
    hint,
  };
}

/** A database as in the run's record. */
export function toRecord({ source, database, state, entities, error, hint }: Outcome): DatabaseOutcome {
  return {
    source,
    ...(database === undefined ? {} : { database }),
    state,
    entities: sumOf(entities),
    ...(error ? { error: { ...error, ...(hint === undefined ? {} : { hint }) } } : {}),
  };
}
