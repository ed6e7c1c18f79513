import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { QueryError } from '../../../shared/errors.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import type { JobContext, RunOptions } from '../../../shared/runs/job.ts';
import { leaseTimes } from '../../../shared/runs/leases/lease.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { runJob } from '../../../shared/runs/run-job.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { ordersJob } from '../../support/runs/orders-job.ts';
import { recordSpans } from '../../support/telemetry/record-spans.ts';

const PARENT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

function optionsOf(facts: Partial<RunOptions> = {}): RunOptions {
  return {
    trigger: { type: 'api', triggeredBy: 'tester' },
    scope: 'test',
    store: createRunStore(createMemoryDocumentStore()),
    workFolder: tmpdir(),
    logger: createLogger({ level: 'silent' }),
    ...facts,
  };
}

const read = (context: JobContext) => context.phase('read', async () => ({}));

describe('the spans of a run', () => {
  it('belong to the trace of who asked for it, and its record and log name them', async () => {
    await using spans = recordSpans();
    const lines: string[] = [];
    const logger = createLogger({ level: 'info', destination: { write: (line) => lines.push(line) } });
    const options = optionsOf({ runId: newRunId(), logger });
    await options.store.noteTrace('orders', { runId: options.runId ?? '', traceparent: PARENT });
    const record = await runJob(ordersJob, read, options);
    const [run, attempt, phase] = ['run', 'attempt', 'read'].map((name) => spans.named(name));
    expect(run?.parentSpanContext?.spanId).toBe('b'.repeat(16));
    expect(attempt?.parentSpanContext?.spanId).toBe(run?.spanContext().spanId);
    expect(phase?.parentSpanContext?.spanId).toBe(attempt?.spanContext().spanId);
    expect(run?.attributes).toMatchObject({
      'ferry.run.id': record.id,
      'ferry.job.name': 'orders',
      'ferry.run.state': 'succeeded',
    });
    const { traceId, spanId } = attempt?.spanContext() ?? {};
    expect(traceId).toBe('a'.repeat(32));
    expect(await options.store.readTraces('orders')).toEqual([
      { runId: record.id, traceparent: PARENT, traceId, spanId },
    ]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ trace_id: traceId, span_id: spanId, run: record.id });
  });

  it('end with the class of an error and never with its words', async () => {
    await using spans = recordSpans();
    const fail = (context: JobContext) =>
      context.phase('read', async () => {
        throw new QueryError('Vogelhaus 4711', { cause: new Error('Vogelhaus 4711'), hint: 'Vogelhaus' });
      });
    await runJob(ordersJob, fail, optionsOf());
    for (const name of ['run', 'attempt', 'read'])
      expect(spans.named(name)).toMatchObject({
        status: { code: 2 },
        attributes: { 'error.type': 'QueryError' },
      });
    for (const { status, attributes, events } of spans.all())
      expect(JSON.stringify([status, attributes, events])).not.toContain('Vogelhaus');
  });

  it.each([
    ['a schedule', { type: 'schedule', scheduledTime: '2026-11-20T04:30:00.000Z' }],
    ['the API without a trace', { type: 'api', triggeredBy: 'tester' }],
  ] as const)('of %s begin a trace, whatever span has led there', async (_name, trigger) => {
    await using spans = recordSpans();
    // A pool begins the next run at the end of another one.
    await runJob(
      { ...ordersJob, name: 'other' },
      async (context) => {
        await context.phase('next', () => runJob(ordersJob, read, optionsOf({ trigger })));
        return {};
      },
      optionsOf(),
    );
    const inner = spans
      .all()
      .find((span) => span.name === 'run' && span.attributes['ferry.job.name'] === 'orders');
    expect(inner?.parentSpanContext).toBeUndefined();
  });

  it.each([
    ['of the attempt before', true],
    ['of a run that was killed, from which this one takes the lease', false],
  ])('link to that %s', async (_what, isSame) => {
    await using spans = recordSpans();
    const runId = newRunId();
    const options = optionsOf({
      runId: isSame ? runId : newRunId(),
      leaseTimes: { heartbeatMs: 1, expiryMs: 1 },
    });
    const { store } = options;
    const ids = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) };
    const startedAt = new Date().toISOString();
    await store.acquireLease({ job: 'orders', runId, times: leaseTimes, sleep: async () => {} });
    await store.save({
      schemaVersion: 1,
      id: runId,
      job: 'orders',
      kind: 'sync',
      state: 'running',
      trigger: 'api',
      startedAt,
      attempts: [{ startedAt }],
      phases: [],
      warnings: [],
      configHash: 'x',
    });
    await store.noteTrace('orders', { runId, ...ids });
    await runJob(ordersJob, read, options);
    const { links, attributes } = spans.named('attempt');
    expect(links).toEqual([{ context: expect.objectContaining(ids) }]);
    expect(attributes).toMatchObject({ 'ferry.run.attempt': isSame ? 2 : 1 });
  });

  it('need no state of their own where nothing is traced', async () => {
    const options = optionsOf();
    const fail = () => Promise.reject(new Error('read'));
    await runJob(ordersJob, read, {
      ...options,
      store: { ...options.store, readTraces: fail, noteTrace: fail },
    });
    expect(await options.store.readTraces('orders')).toEqual([]);
  });
});
