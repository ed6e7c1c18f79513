import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { EVENT_DETAIL_TYPE, EVENT_SOURCE } from '../../shared/environment/run-event.ts';
import { isFinished, type RunRecord } from '../../shared/runs/records/run-record.ts';
import type { RunReporter } from '../../shared/runs/run-reporter.ts';
import { writeMetrics } from '../../shared/telemetry/emf.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';

// Callers that wait for a run must not wait for its event.
const EVENT_TIMEOUT_MS = 2_000;

/** Reports runs that ended: metrics as a line of the log, and an event on the default bus. */
export function createRunReporter(options: {
  stack: string;
  client: Pick<EventBridgeClient, 'send'>;
  /** Takes a line of the log. */
  writeLine: (line: string) => void;
  logger: Logger;
}): RunReporter {
  const { stack, client, writeLine, logger } = options;
  return async (record) => {
    if (!isFinished(record)) return;
    reportMetrics(stack, record, writeLine);
    try {
      const { FailedEntryCount = 0 } = await client.send(
        new PutEventsCommand({
          Entries: [
            {
              Source: EVENT_SOURCE,
              DetailType: EVENT_DETAIL_TYPE,
              Detail: JSON.stringify(detailOf(stack, record)),
            },
          ],
        }),
        { abortSignal: AbortSignal.timeout(EVENT_TIMEOUT_MS) },
      );
      if (FailedEntryCount > 0) throw new Error('refused');
    } catch (error) {
      logger.warn(
        { run: record.id, job: record.job, class: error instanceof Error ? error.name : 'unknown' },
        'the event about the end of the run was not sent',
      );
    }
  };
}

function reportMetrics(
  stack: string,
  { job, state, durationMs, rows }: RunRecord,
  write: (line: string) => void,
): void {
  // A run that never began says nothing about how long the job takes, or whether it works.
  if (state === 'skipped') return;
  writeMetrics(
    write,
    { Stack: stack, Job: job },
    {
      RunsFailed: { value: state === 'failed' || state === 'partial' ? 1 : 0, unit: 'Count' },
      ...(durationMs === undefined
        ? {}
        : { RunDuration: { value: durationMs, unit: 'Milliseconds' as const } }),
      ...(rows === undefined ? {} : { Rows: { value: rows, unit: 'Count' as const } }),
    },
  );
}

/** The fields of a record that are also in its event; the API has the others. */
const EVENT_FIELDS = [
  'job',
  'kind',
  'source',
  'sources',
  'state',
  'outcome',
  'trigger',
  'scheduledTime',
  'startedAt',
  'endedAt',
  'durationMs',
  'rows',
  'bytes',
  'manifest',
] as const satisfies (keyof RunRecord)[];

function detailOf(stack: string, record: RunRecord) {
  const { id, error } = record;
  return {
    stack,
    runId: id,
    ...Object.fromEntries(EVENT_FIELDS.map((field) => [field, record[field]])),
    ...(error ? { error: { class: error.class, message: error.message, phase: error.phase } } : {}),
  };
}
