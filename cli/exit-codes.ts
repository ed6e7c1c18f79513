import { BusyError, CancelledError, ConfigError } from '../shared/errors.ts';
import type { RunRecord } from '../shared/runs/records/run-record.ts';

/** The meaning of the command's exit status; docs/cli.md has the table. */
export const EXIT = {
  succeeded: 0,
  failed: 1,
  configuration: 2,
  skipped: 3,
  cancelled: 4,
  unfinished: 5,
  /** Some databases of an extraction failed, or some of the given deployments were left out; the others are written. */
  partial: 6,
  interrupted: 130,
} as const;

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT.configuration;
  if (error instanceof BusyError) return EXIT.skipped;
  if (error instanceof CancelledError) return EXIT.cancelled;
  return EXIT.failed;
}

/** The exit code for a run. */
export function exitCodeOfRun(record: Pick<RunRecord, 'state' | 'error'>): number {
  if (record.state === 'succeeded') return EXIT.succeeded;
  if (record.state === 'cancelled') return EXIT.cancelled;
  if (record.state === 'skipped') return EXIT.skipped;
  if (record.state === 'partial') return EXIT.partial;
  if (record.state !== 'failed') return EXIT.unfinished;
  return record.error?.class === 'ConfigError' ? EXIT.configuration : EXIT.failed;
}
