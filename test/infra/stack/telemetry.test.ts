import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it, vi } from 'vitest';
import { readTelemetrySettings } from '../../../shared/telemetry/settings/telemetry-settings.ts';
import { configWith, functionsOf, statementsOf, synthesize } from '../../support/aws/synthesize.ts';

// CDK loads and checks much; two cores may be busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const endpoint = 'https://collector.example.org:4318';

/** The variables of a function. */
type Described = { Environment: { Variables: Record<string, string> } };

describe('telemetry of a stack', () => {
  it('becomes the standard variables of all functions, and a right to its secret', () => {
    const top = { telemetry: { endpoint, headers: 'ferry/telemetry', logs: true, metricsByJob: true } };
    const { template } = synthesize(configWith({ jobs: 1, sources: 1, top }));
    const functions = functionsOf(template) as unknown as Record<string, Described>;
    for (const name of ['Ferry: syncs of the source source-0', 'Ferry: API', 'Ferry: watchdog']) {
      const { Variables } = functions[name]?.Environment ?? { Variables: {} };
      expect(Variables).toMatchObject({
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
        FERRY_TELEMETRY_HEADERS: 'ferry/telemetry',
        FERRY_CLOUDWATCH_METRICS: 'off',
      });
      const settings = readTelemetrySettings(Variables);
      expect(settings).toMatchObject({ metricsByJob: true, warnings: [] });
      expect(Object.values(settings?.targets ?? {}).map((targets) => targets.length)).toEqual([1, 1, 1]);
    }
    for (const role of ['ApiHandler', 'WatchdogHandler']) {
      const granted = statementsOf(template, role).filter(([actions]) => actions.includes('secretsmanager'));
      expect([role, JSON.stringify(granted)]).toEqual([
        role,
        expect.stringContaining('ferry/telemetry-??????'),
      ]);
    }
    expect(JSON.stringify(statementsOf(template, 'ApiHandler'))).toContain('/leases/*.traces.json');
  });

  it('leaves metrics to CloudWatch where that is asked for, and the log by itself', () => {
    const top = { telemetry: { endpoint, metrics: 'cloudwatch' } };
    const { template } = synthesize(configWith({ jobs: 1, sources: 1, top }));
    const functions = functionsOf(template) as unknown as Record<string, Described>;
    const { Variables } = functions['Ferry: syncs of the source source-0']?.Environment ?? { Variables: {} };
    expect(Variables).not.toHaveProperty('FERRY_CLOUDWATCH_METRICS');
    const { targets } = readTelemetrySettings(Variables) ?? {};
    expect(targets).toMatchObject({ metrics: [], logs: [], traces: [{ url: `${endpoint}/v1/traces` }] });
  });

  it('warns of a dashboard that would be empty', () => {
    const top = { telemetry: { endpoint }, dashboard: true };
    const { stack } = synthesize(configWith({ jobs: 1, sources: 1, top }));
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('dashboard shows nothing'));
  });

  it('is off without an endpoint', () => {
    const { template } = synthesize(configWith({ jobs: 1, sources: 1 }));
    expect(JSON.stringify(functionsOf(template))).not.toContain('OTEL_');
    expect(JSON.stringify(statementsOf(template, 'ApiHandler'))).not.toContain('traces.json');
  });
});
