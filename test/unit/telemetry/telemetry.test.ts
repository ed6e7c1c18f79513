import { describe, expect, it } from 'vitest';
import { measureRun } from '../../../shared/runs/measure-run.ts';
import type { Sleep } from '../../../shared/sleep.ts';
import { inSpan } from '../../../shared/telemetry/in-span.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { startTelemetry } from '../../../shared/telemetry/start-telemetry.ts';
import { contextOf } from '../../../shared/telemetry/trace-context.ts';
import { runRecord } from '../../support/api.ts';
import { withEnvironment } from '../../support/processes/process-environment.ts';
import { type Behaviour, startCollector } from '../../support/telemetry/collector-stand-in.ts';

/** Begins to record, and ends that before what it is declared after. */
async function start(...how: Parameters<typeof startTelemetry>) {
  const telemetry = await startTelemetry(...how);
  return { ...telemetry, [Symbol.asyncDispose]: async () => void (await telemetry.end()) };
}

/** A time that passes when it is told to. */
function stoppedClock() {
  const pass: (() => void)[] = [];
  const limits: number[] = [];
  const sleep: Sleep = (ms, signal) =>
    new Promise((resolve, reject) => {
      limits.push(ms);
      pass.push(resolve);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  return { clock: { sleep }, limits, passAll: () => pass.splice(0).forEach((resolve) => void resolve()) };
}

/** Leaves something of each kind to be sent. */
async function work() {
  await inSpan('ein Span', {}, async () => {
    const logger = createLogger({ level: 'silent', destination: { write: () => {} } });
    logger.info({ run: 'r-1', job: 'orders' }, 'eine Zeile');
    measureRun(runRecord({ state: 'succeeded', rows: 3 }));
  });
}

describe('telemetry', () => {
  it('sends traces, metrics and logs, with the headers, to where the environment says', async () => {
    await using collector = await startCollector();
    const { url: OTEL_EXPORTER_OTLP_ENDPOINT } = collector;
    const variables = {
      OTEL_EXPORTER_OTLP_ENDPOINT,
      OTEL_SERVICE_NAME: 'vogel',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=b%20c',
    };
    await using telemetry = await start(variables, { headers: { authorization: 'Bearer x' } });
    await work();
    expect(await telemetry.flush()).toBe(true);
    expect(collector.paths()).toEqual(['/v1/logs', '/v1/metrics', '/v1/traces']);
    for (const { headers } of collector.delivered)
      expect(headers).toMatchObject({ a: 'b c', authorization: 'Bearer x' });
    const text = collector.text();
    for (const part of [
      'vogel',
      'ein Span',
      'eine Zeile',
      'ferry.run.id',
      'r-1',
      'ferry.runs',
      '{row}',
      'process.memory.usage',
    ])
      expect(text).toContain(part);
    // Each job would be a series.
    const metrics = collector.delivered.filter(({ path }) => path === '/v1/metrics');
    for (const { body } of metrics) expect(body.toString()).not.toContain('ferry.job.name');
  });

  it('sends the headers of the environment to the collector that they are for, and to no other', async () => {
    await using collector = await startCollector();
    await using second = await startCollector();
    const variables = {
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${collector.url}/own`,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20geheim',
      ENABLE_OTLP_WORKFLOW_LOGS: 'true',
      OTEL_WORKFLOW_LOGS_ENDPOINT: second.url,
    };
    // The SDK reads the environment of the process by itself.
    await withEnvironment(variables, async () => {
      await using telemetry = await start(variables);
      await work();
      expect(await telemetry.flush()).toBe(true);
      expect(process.env.OTEL_EXPORTER_OTLP_HEADERS).toBe('authorization=Bearer%20geheim');
    });
    const sent = [collector, second].map(({ delivered }) =>
      delivered.map(({ path, headers }) => [path, headers.authorization]),
    );
    expect(sent).toEqual([[['/own', 'Bearer geheim']], [['/v1/logs', undefined]]]);
  });

  it.each([
    ['always_off', 'with a parent', []],
    ['parentbased_always_off', 'with a parent', ['/v1/traces']],
    ['parentbased_always_off', 'without', []],
  ])('records traces as %s says, %s', async (sampler, parent, paths) => {
    await using collector = await startCollector();
    await using telemetry = await start({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
      OTEL_TRACES_SAMPLER: sampler,
    });
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const within = parent === 'without' ? {} : { parent: contextOf(traceparent) };
    await inSpan('ein Span', within, async () => {});
    await telemetry.flush();
    expect(collector.paths()).toEqual(paths);
  });

  it('names jobs in metrics where that is asked for', async () => {
    await using collector = await startCollector();
    const variables = {
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${collector.url}/own`,
      FERRY_METRICS_BY_JOB: 'true',
    };
    await using telemetry = await start(variables);
    await work();
    await telemetry.flush();
    expect(collector.paths()).toEqual(['/own']);
    expect(collector.text()).toContain('ferry.job.name');
  });

  it.each(['answers 429', 'closes the connection'] satisfies Behaviour[])(
    'a collector that %s is told of once, and delays nobody beyond the limit',
    async (behaviour) => {
      await using collector = await startCollector(behaviour);
      const warnings: string[] = [];
      const { clock, limits, passAll } = stoppedClock();
      const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
      await using telemetry = await start(variables, { warn: (text) => warnings.push(text), clock });
      for (let turn = 0; turn < 2; turn += 1) {
        await work();
        const arrived = collector.next();
        const flushed = telemetry.flush();
        await arrived;
        passAll();
        expect(await flushed).toBe(false);
      }
      // From then on, nobody waits that long for it.
      expect(limits).toEqual([2_000, 200]);
      expect(warnings).toEqual([
        'the collector has not received traces, metrics or logs: it could not be reached, or did not take them in time (OTEL_EXPORTER_OTLP_ENDPOINT)',
      ]);
      const ended = telemetry.end();
      passAll();
      await ended;
    },
  );

  it.each(['is silent', 'stops in its answer'] satisfies Behaviour[])(
    'does not wait for a collector that %s beyond what is left of an invocation',
    async (behaviour) => {
      await using collector = await startCollector(behaviour);
      const { clock, limits, passAll } = stoppedClock();
      await using telemetry = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, { clock });
      await work();
      const arrived = collector.next();
      const flushed = telemetry.flush(300);
      await arrived;
      passAll();
      expect(await flushed).toBe(false);
      expect(limits).toEqual([300]);
      const ended = telemetry.end();
      passAll();
      expect(await ended).toBe(false);
    },
  );

  it('is given its time again by who has seen the collector come back', async () => {
    await using collector = await startCollector('is silent');
    const { clock, limits, passAll } = stoppedClock();
    const variables = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces` };
    await using telemetry = await start(variables, { clock });
    for (const behaviour of ['closes the connection', 'accepts', 'accepts'] satisfies Behaviour[]) {
      await inSpan('work', {}, async () => {});
      collector.become(behaviour);
      const arrived = collector.next();
      const flushed = telemetry.flush();
      await arrived;
      if (behaviour !== 'accepts') passAll();
      expect(await flushed).toBe(behaviour === 'accepts');
    }
    expect(limits).toEqual([2_000, 200, 2_000]);
  });

  it('is told of once, and given little time, as long as it refuses one kind and takes the others', async () => {
    await using collector = await startCollector();
    await using refusing = await startCollector('answers 429');
    const warnings: string[] = [];
    const { clock, limits } = stoppedClock();
    const variables = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: refusing.url,
    };
    await using telemetry = await start(variables, { warn: (text) => warnings.push(text), clock });
    for (let turn = 0; turn < 4; turn += 1) {
      await work();
      expect(await telemetry.flush()).toBe(false);
    }
    expect(limits).toEqual([2_000, 200, 200, 200]);
    expect(warnings).toHaveLength(1);
    refusing.become('accepts');
    await work();
    expect(await telemetry.flush()).toBe(true);
    await telemetry.flush();
    expect(limits.slice(4)).toEqual([200, 2_000]);
  });

  it('takes an answer that makes no sense for what its status says', async () => {
    await using collector = await startCollector('answers garbage');
    const warnings: string[] = [];
    await using telemetry = await start(
      { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
      { warn: (text) => warnings.push(text) },
    );
    await work();
    expect(await telemetry.flush()).toBe(true);
    expect(warnings).toEqual([]);
  });

  it.each([
    [
      'rejects a part',
      false,
      [
        'the collector rejected 3 log records and took the rest: its own log says why',
        'the collector rejected 3 metric data points and took the rest: its own log says why',
        'the collector rejected 3 spans and took the rest: its own log says why',
      ],
    ],
    ['warns', true, ['the collector took everything, with a warning: its own log says which']],
  ] satisfies [Behaviour, boolean, string[]][])(
    'a collector that %s of what it takes is told of once, without its words',
    async (behaviour, whole, expected) => {
      await using collector = await startCollector(behaviour);
      const warnings: string[] = [];
      const { clock, limits } = stoppedClock();
      await using telemetry = await start(
        { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
        { warn: (text) => warnings.push(text), clock },
      );
      for (let turn = 0; turn < 2; turn += 1) {
        await work();
        expect(await telemetry.flush()).toBe(whole);
      }
      expect(warnings.toSorted()).toEqual(expected);
      // It answers, so it gets all of its time.
      expect(limits).toEqual([2_000, 2_000]);
    },
  );

  it('keeps metrics from when somebody first asks for them', async () => {
    await using telemetry = await start({ ATLAN_APPLICATION_NAME: 'postgres' }, { scraped: true });
    await telemetry.scrape?.();
    measureRun(runRecord({ state: 'succeeded', durationMs: 1_500, rows: 3, bytes: 10 }));
    const text = await telemetry.scrape?.();
    expect(text).toMatch(/^ferry_runs_total\{.*ferry_run_state="succeeded",app_name="postgres"\} 1$/m);
    expect(text).toMatch(/^ferry_run_duration_seconds_bucket\{.*le="2.5"\} 1$/m);
    expect(text).toMatch(/^ferry_run_io_bytes_total\{.*\} 10$/m);
    expect(text).toMatch(/^process_memory_usage_bytes\{app_name="postgres"\} \d+$/m);
    expect(text).toMatch(/^target_info\{.*service_name="ferry".*\} 1$/m);
    expect(text).not.toContain('ferry_job_name');
  });

  it('has nothing to scrape where metrics are switched off', async () => {
    await using telemetry = await start({ OTEL_METRICS_EXPORTER: 'none' }, { scraped: true });
    expect(telemetry.scrape).toBeUndefined();
  });
});
