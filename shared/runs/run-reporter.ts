import type { RunRecord } from './records/run-record.ts';

/**
 * Receives each run that has ended, for metrics and events. Never throws, and takes at most two seconds: the run is
 * already recorded.
 */
export type RunReporter = (record: RunRecord) => Promise<void>;
