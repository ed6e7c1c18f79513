import { describe, expect, it } from 'vitest';
import { observeRequests } from '../../../shared/api/observe-requests.ts';
import { routeOf } from '../../../shared/api/routes.ts';
import { measureRun } from '../../../shared/runs/measure-run.ts';
import { startTelemetry } from '../../../shared/telemetry/start-telemetry.ts';
import { runRecord } from '../../support/api.ts';
import { readMetrics } from '../../support/telemetry/read-metrics.ts';
import { recordSpans } from '../../support/telemetry/record-spans.ts';

/** What a scraper gets of what was done between two of its visits. */
async function scrapeAfter(environment: Readonly<Record<string, string>>, work: () => Promise<void> | void) {
  const telemetry = await startTelemetry(environment, { scraped: true });
  try {
    await telemetry.scrape?.();
    await work();
    const families = await readMetrics((await telemetry.scrape?.()) ?? '');
    return (name: string) => families.find((family) => family.name === name)?.samples ?? [];
  } finally {
    await telemetry.end();
  }
}

const api = observeRequests({ fetch: async () => new Response(null, { status: 404 }) }, routeOf);

describe('what strangers send', () => {
  it('makes no series: neither paths, nor ids, nor methods of their own', async () => {
    const samplesOf = await scrapeAfter({}, async () => {
      for (let n = 0; n < 50; n += 1)
        for (const [method, path] of [
          ['GET', `/geheim-${n}`],
          ['GET', `/runs/${crypto.randomUUID()}`],
          ['GET', `/jobs/job-${n}/runs?cursor=geheim${n}`],
          [`PROPFIND${n}`, '/jobs'],
        ] as const)
          await api.fetch(new Request(`http://ferry${path}`, { method }), { caller: 'tester' });
    });
    const counts = samplesOf('http_server_request_duration_seconds').filter(({ name }) =>
      name.endsWith('_count'),
    );
    const seen = counts.map(({ labels, value }) => [labels.http_request_method, labels.http_route, value]);
    expect(seen.sort()).toEqual(
      [
        ['GET', undefined, 50],
        ['GET', '/runs/{id}', 50],
        ['GET', '/jobs/{job}/runs', 50],
        ['_OTHER', '/jobs', 50],
      ].sort(),
    );
  });

  it('is in the name of no span', async () => {
    await using spans = recordSpans();
    await api.fetch(new Request('http://ferry/geheim?token=geheim'), { caller: 'tester' });
    await api.fetch(new Request('http://ferry/jobs', { method: 'GEHEIM' }), { caller: 'tester' });
    expect(spans.all().map(({ name }) => name)).toEqual(['GET', 'HTTP /jobs']);
    for (const { attributes } of spans.all()) expect(JSON.stringify(attributes)).not.toMatch(/geheim/i);
  });
});

describe('the series of a metric', () => {
  const jobs = 2_500;
  const measureAll = () => {
    for (let n = 0; n < jobs; n += 1)
      measureRun(runRecord({ job: `job-${n}`, state: 'succeeded', phases: [] }));
  };

  it('are few, however many jobs there are', async () => {
    const samplesOf = await scrapeAfter({}, measureAll);
    expect(samplesOf('ferry_runs').map(({ value }) => value)).toEqual([jobs]);
  });

  it('end at 2,000 with a series for each job, and nothing is lost of their sum', async () => {
    const samplesOf = await scrapeAfter({ FERRY_METRICS_BY_JOB: 'true' }, measureAll);
    const samples = samplesOf('ferry_runs');
    expect(samples.length).toBeLessThanOrEqual(2_000);
    expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(jobs);
    expect(samples.some(({ labels }) => labels.otel_metric_overflow === 'true')).toBe(true);
  });
});
