import { expect, it } from 'vitest';
import { startTelemetry } from '../../../shared/telemetry/start-telemetry.ts';
import { measureEverything } from '../../support/telemetry/measure-everything.ts';
import { lintMetrics } from '../../support/telemetry/prom-lint.ts';

it("Prometheus' own linter has nothing against the metrics", async () => {
  const telemetry = await startTelemetry({}, { scraped: true });
  try {
    await telemetry.scrape?.();
    await measureEverything();
    const text = (await telemetry.scrape?.()) ?? '';
    expect(await lintMetrics(text)).toEqual([]);
    // It does look.
    const wrong = text.replaceAll('ferry_schedule_lag_seconds', 'ferry_schedule_lag_ms');
    expect(await lintMetrics(wrong)).toContainEqual(expect.stringMatching(/^ferry_schedule_lag_ms: /));
    expect(await lintMetrics(`${text}ferry_runs{ 1`)).toContainEqual(expect.stringMatching(/parsing error/));
  } finally {
    await telemetry.end();
  }
});
