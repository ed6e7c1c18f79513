import { describe, expect, it } from 'vitest';
import { createRunReporter } from '../../../functions/jobs/report-run.ts';
import type { RunRecord } from '../../../shared/runs/records/run-record.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { extractionRecord, runningRecord, runRecord } from '../../support/api.ts';

type Entry = { Source: string; DetailType: string; Detail: string };

async function report(record: RunRecord, answer: () => Promise<unknown> = async () => ({})) {
  const lines: string[] = [];
  const logged: string[] = [];
  const sent: Entry[] = [];
  const reporter = createRunReporter({
    stack: 'Ferry',
    client: {
      send: async ({ input }: { input: { Entries: Entry[] } }) => {
        sent.push(...input.Entries);
        return answer();
      },
    } as never,
    writeLine: (line) => lines.push(line),
    logger: createLogger({ level: 'warn', destination: { write: (line) => void logged.push(line) } }),
  });
  await reporter(record);
  return { metrics: lines.map((line) => JSON.parse(line)), sent, logged };
}

describe('the end of a run', () => {
  it('is reported in the embedded metric format, by stack and job', async () => {
    const { metrics } = await report(runRecord({ durationMs: 1500, rows: 12 }));
    expect(metrics).toEqual([
      {
        _aws: {
          Timestamp: expect.any(Number),
          CloudWatchMetrics: [
            {
              Namespace: 'Ferry',
              Dimensions: [['Stack', 'Job']],
              Metrics: [
                { Name: 'RunsFailed', Unit: 'Count' },
                { Name: 'RunDuration', Unit: 'Milliseconds' },
                { Name: 'Rows', Unit: 'Count' },
              ],
            },
          ],
        },
        Stack: 'Ferry',
        Job: 'orders',
        RunsFailed: 0,
        RunDuration: 1500,
        Rows: 12,
      },
    ]);
  });

  it('is an event on the default bus, with the class of an error and its message', async () => {
    const error = { class: 'AuthError', message: 'no', hint: 'change it', phase: 'session' };
    const record = runRecord({ state: 'failed', error });
    const { sent, metrics } = await report(record);
    expect(metrics[0].RunsFailed).toBe(1);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ Source: 'ferry', DetailType: 'Ferry Run Ended' });
    expect(JSON.parse(sent[0]?.Detail ?? '')).toMatchObject({
      stack: 'Ferry',
      runId: record.id,
      job: 'orders',
      state: 'failed',
      error: { class: 'AuthError', message: 'no', phase: 'session' },
    });
  });

  it.each([
    ['throws', () => Promise.reject(new Error('secret'))],
    ['refuses it', async () => ({ FailedEntryCount: 1 })],
  ])('does not fail when the bus %s: only the log says so', async (_, answer) => {
    const { metrics, logged } = await report(runRecord(), answer);
    expect(metrics).toHaveLength(1);
    expect(logged).toHaveLength(1);
    expect(logged[0]).not.toContain('secret');
  });

  it('has no metrics when the run was skipped, and is not reported before it has ended', async () => {
    const skipped = await report(runRecord({ state: 'skipped' }));
    expect([skipped.metrics.length, skipped.sent.length]).toEqual([0, 1]);
    const running = await report(runningRecord());
    expect([running.metrics.length, running.sent.length]).toEqual([0, 0]);
  });

  it('says where an extraction’s manifest is, and counts a partial one as failed', async () => {
    const record = extractionRecord({
      state: 'partial',
      error: { class: 'AuthError', message: 'hr: refused.' },
    });
    const { metrics, sent } = await report(record);
    expect(metrics).toMatchObject([{ Job: 'nightly', RunsFailed: 1, Rows: 12 }]);
    expect(JSON.parse(sent[0]?.Detail ?? '')).toMatchObject({
      kind: 'extraction',
      sources: ['erp', 'hr'],
      state: 'partial',
      manifest: record.manifest,
      error: { class: 'AuthError', message: 'hr: refused.' },
    });
  });
});
