import type { RunRecord } from './records/run-record.ts';

/** Receives each run that has ended, for metrics and events. Never throws, and takes two seconds at most: the run is recorded by then. */
export type RunReporter = (record: RunRecord) => Promise<void>;
