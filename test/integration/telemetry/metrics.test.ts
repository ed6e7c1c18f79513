import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { startTelemetry } from '../../../shared/telemetry/start-telemetry.ts';
import { measureEverything } from '../../support/telemetry/measure-everything.ts';
import { type MetricFamily, readMetrics } from '../../support/telemetry/read-metrics.ts';

/** What a scraper gets from a process in whose metrics there is something. */
async function scrape(environment: Readonly<Record<string, string>>): Promise<MetricFamily[]> {
  const telemetry = await startTelemetry(environment, { scraped: true });
  try {
    await telemetry.scrape?.();
    await measureEverything();
    return await readMetrics((await telemetry.scrape?.()) ?? '');
  } finally {
    await telemetry.end();
  }
}

const seconds = { type: 'histogram' };

describe('/metrics, as Prometheus reads it', () => {
  it('has each metric with its type, its unit in its name, and words about it', async () => {
    const families = await scrape({});
    expect(Object.fromEntries(families.map(({ name, type }) => [name, { type }]))).toEqual({
      target_info: { type: 'gauge' },
      ferry_runs: { type: 'counter' },
      ferry_run_duration_seconds: seconds,
      ferry_run_rows: { type: 'counter' },
      ferry_run_io_bytes: { type: 'counter' },
      ferry_run_retries: { type: 'counter' },
      ferry_schedule_lag_seconds: seconds,
      ferry_slot_wait_seconds: seconds,
      ferry_lease_contention: { type: 'counter' },
      http_server_request_duration_seconds: seconds,
      process_memory_usage_bytes: { type: 'gauge' },
      process_cpu_time_seconds: { type: 'counter' },
      process_uptime_seconds: { type: 'gauge' },
    });
    for (const { name, help } of families)
      expect([name, help]).toEqual([name, expect.stringMatching(/^[A-Z]/)]);
    const samplesOf = (name: string) => families.find((family) => family.name === name)?.samples;
    // Both jobs in one series, as their names are left out.
    const kind = { ferry_job_kind: 'sync', app_name: 'ferry' };
    expect(samplesOf('ferry_runs')).toEqual([
      { name: 'ferry_runs_total', labels: { ...kind, ferry_run_state: 'succeeded' }, value: 2 },
      {
        name: 'ferry_runs_total',
        labels: { ...kind, ferry_run_state: 'failed', error_type: 'QueryError' },
        value: 2,
      },
    ]);
    const lag = samplesOf('ferry_schedule_lag_seconds');
    expect(lag?.find(({ name }) => name.endsWith('_sum'))?.value).toBe(5);
    expect(lag?.find(({ labels }) => labels.le === '2.5')?.value).toBe(2);
  });

  it.each([
    ['quotes "', 'quotes "'],
    ['back\\slash', 'back\\slash'],
    ['Größe 🦆', 'Größe 🦆'],
  ])('gives back %s in a label', async (name, expected) => {
    const families = await scrape({
      ATLAN_APPLICATION_NAME: name,
      OTEL_RESOURCE_ATTRIBUTES: `team=${encodeURIComponent(`${name}\nb`)}`,
      FERRY_METRICS_BY_JOB: 'true',
    });
    const runs = families.find((family) => family.name === 'ferry_runs')?.samples ?? [];
    expect(new Set(runs.map(({ labels }) => labels.app_name))).toEqual(new Set([expected]));
    expect(new Set(runs.map(({ labels }) => labels.ferry_job_name))).toEqual(new Set(['orders', 'größe']));
    const info = families.find((family) => family.name === 'target_info')?.samples ?? [];
    expect(info[0]?.labels.team).toBe(`${expected}\nb`);
  });

  it('has each label of the resource once, whatever its attributes are called', async () => {
    const families = await scrape({
      OTEL_SERVICE_NAME: 'vogel',
      OTEL_RESOURCE_ATTRIBUTES: 'a.b=1,a_b=2,service_name=x,app-name=y,1st=z,%C3%A4=u',
    });
    const info = families.find(({ name }) => name === 'target_info')?.samples ?? [];
    const labels = { a_b: '2', service_name: 'vogel', app_name: 'vogel', key_1st: 'z', _: 'u' };
    expect(info.map((sample) => sample.labels)).toEqual([labels]);
  });

  it('has all that the dashboard for Grafana asks for, with these labels', async () => {
    const families = await scrape({ FERRY_METRICS_BY_JOB: 'true' });
    const samples = families.flatMap((family) => family.samples);
    const labelsOf = (name: string) =>
      samples.filter((sample) => sample.name === name).flatMap(({ labels }) => Object.keys(labels));
    const dashboard = await readFile(
      new URL('../../../examples/grafana-dashboard.json', import.meta.url),
      'utf8',
    );
    const expressions = [...dashboard.matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(
      ([, text]) => JSON.parse(text ?? '') as string,
    );
    expect(expressions.length).toBeGreaterThan(5);
    const { panels } = JSON.parse(dashboard) as {
      panels: { interval?: string; targets: { expr: string }[] }[];
    };
    // A step shorter than the time between two scrapes shows nothing, and a series that is new has no increase yet.
    for (const { interval, targets } of panels)
      for (const { expr } of targets.filter((target) => target.expr.includes('increase(')))
        expect([interval, expr]).toEqual([
          '5m',
          expect.stringMatching(/ and .* offset \$__interval\) or ferry_/),
        ]);
    for (const expression of expressions) {
      const named = [...expression.matchAll(/\b(?:ferry|http|process)_\w+/g)].map(([name]) => name);
      const metrics = named.filter((name) => labelsOf(name).length > 0);
      expect([expression, metrics.length > 0]).toEqual([expression, true]);
      const known = new Set([...metrics, ...metrics.flatMap(labelsOf)]);
      expect([expression, named.filter((name) => !known.has(name))]).toEqual([expression, []]);
    }
  });
});
