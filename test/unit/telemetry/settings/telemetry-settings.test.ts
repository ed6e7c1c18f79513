import { describe, expect, it } from 'vitest';
import { readTelemetrySettings } from '../../../../shared/telemetry/settings/telemetry-settings.ts';

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' };

/** Where each kind goes, and the warnings. */
function read(environment: Readonly<Record<string, string>>) {
  const settings = readTelemetrySettings(environment);
  if (!settings) return undefined;
  const { targets, warnings } = settings;
  const urls = Object.fromEntries(
    Object.entries(targets).map(([signal, places]) => [signal, places.map(({ url }) => url)]),
  );
  return { ...urls, ...(warnings.length > 0 ? { warnings } : {}) };
}

describe('the settings of telemetry', () => {
  const all = {
    traces: ['http://collector:4318/v1/traces'],
    metrics: ['http://collector:4318/v1/metrics'],
    logs: ['http://collector:4318/v1/logs'],
  };
  const notDisabled = 'OTEL_SDK_DISABLED: expected true or false; telemetry stays on.';
  it.each([
    [{}, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, undefined],
    [endpoint, all],
    [{ ...endpoint, OTEL_SDK_DISABLED: 'true' }, undefined],
    [{ ...endpoint, OTEL_SDK_DISABLED: 'True' }, undefined],
    // As the specification has it: nothing else is true, and all but false is warned of.
    [
      { ...endpoint, OTEL_SDK_DISABLED: 'yes' },
      { ...all, warnings: [notDisabled] },
    ],
    [
      { ...endpoint, OTEL_SDK_DISABLED: '1' },
      { ...all, warnings: [notDisabled] },
    ],
    [
      { ...endpoint, OTEL_SDK_DISABLED: '0' },
      { ...all, warnings: [notDisabled] },
    ],
    [{ ...endpoint, OTEL_SDK_DISABLED: 'FALSE' }, all],
    [
      { ...endpoint, OTEL_TRACES_EXPORTER: 'none' },
      { ...all, traces: [] },
    ],
    [
      { ...endpoint, OTEL_METRICS_EXPORTER: 'prometheus' },
      { ...all, metrics: [] },
    ],
    [
      { ...endpoint, OTEL_TRACES_EXPORTER: 'None', OTEL_LOGS_EXPORTER: 'otlp, none' },
      { ...all, traces: [] },
    ],
    [{ ...endpoint, OTEL_SDK_DISABLED: 'false' }, all],
    [
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example.org/v1/x?key=1' },
      { traces: ['https://traces.example.org/v1/x?key=1'], metrics: [], logs: [] },
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://in.example.org/otlp/?key=1', OTEL_METRICS_EXPORTER: 'none' },
      {
        traces: ['https://in.example.org/otlp/v1/traces?key=1'],
        metrics: [],
        logs: ['https://in.example.org/otlp/v1/logs?key=1'],
      },
    ],
    [
      { ...endpoint, OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'https://loki/otlp' },
      { ...all, logs: ['https://loki/otlp'] },
    ],
    // As Atlan's app: switched off, although there is an address.
    [
      { ...endpoint, ENABLE_OTLP_LOGS: 'false' },
      { ...all, logs: [] },
    ],
    [
      { ATLAN_ENABLE_OTLP_TRACES: 'true' },
      { traces: ['http://localhost:4318/v1/traces'], metrics: [], logs: [] },
    ],
    [{ ENABLE_OTLP_TRACES: 'true', ATLAN_ENABLE_OTLP_TRACES: 'false' }, undefined],
    [
      { ENABLE_OTLP_WORKFLOW_LOGS: 'true', OTEL_WORKFLOW_LOGS_ENDPOINT: 'http://second:4318' },
      { traces: [], metrics: [], logs: ['http://second:4318/v1/logs'] },
    ],
    [
      {
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://first:4318/v1/logs',
        ENABLE_OTLP_WORKFLOW_LOGS: 'true',
        OTEL_WORKFLOW_LOGS_ENDPOINT: 'http://first:4318/',
      },
      { traces: [], metrics: [], logs: ['http://first:4318/v1/logs'] },
    ],
  ])('%o', (environment, expected) => {
    expect(read(environment)).toEqual(expected);
  });

  it.each([
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      /^OTEL_EXPORTER_OTLP_PROTOCOL: .* nothing is sent: leave it out/,
    ],
    [{ OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'GRPC' }, /^OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: /],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, /sends http\/protobuf instead/],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' },
      /^OTEL_EXPORTER_OTLP_ENDPOINT: expected an address that/,
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4317' }, /port 4317 is usually the one for gRPC/],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'user:geheim@collector' }, /expected an address/],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'geheim' }, /^OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: expected/],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'a=b%0Ageheim' }, /^OTEL_EXPORTER_OTLP_HEADERS: .*left out/],
    [{ OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'a geheim=b' }, /^OTEL_EXPORTER_OTLP_METRICS_HEADERS: /],
    [{ OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' }, /^OTEL_EXPORTER_OTLP_COMPRESSION: expected gzip or none/],
    [
      { OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere/ca.pem' },
      /^OTEL_EXPORTER_OTLP_CERTIFICATE: this file does not/,
    ],
    [{ OTEL_EXPORTER_OTLP_TIMEOUT: '10s' }, /^OTEL_EXPORTER_OTLP_TIMEOUT: expected a positive number; 10000/],
    [{ OTEL_EXPORTER_TIMEOUT_SECONDS: '-1' }, /^OTEL_EXPORTER_TIMEOUT_SECONDS: expected/],
    [{ OTEL_TRACES_EXPORTER: 'jaeger' }, /^OTEL_TRACES_EXPORTER: expected otlp or none/],
    [{ OTEL_TRACES_SAMPLER: 'sometimes' }, /^OTEL_TRACES_SAMPLER: expected always_on/],
    [
      { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '10%' },
      /^OTEL_TRACES_SAMPLER_ARG: expected a number from 0 to 1/,
    ],
    [{ OTEL_BATCH_SIZE: 'many' }, /^OTEL_BATCH_SIZE: expected 1 or more; 512 is used/],
    [{ OTEL_BSP_MAX_QUEUE_SIZE: '0.5' }, /^OTEL_BSP_MAX_QUEUE_SIZE: expected 1 or more; 2048 is used/],
    [{ OTEL_BLRP_SCHEDULE_DELAY: '0' }, /^OTEL_BLRP_SCHEDULE_DELAY: expected 1 or more/],
    [{ OTEL_METRIC_EXPORT_INTERVAL: 'NaN' }, /^OTEL_METRIC_EXPORT_INTERVAL: expected/],
  ])('%o is warned of once, and fails nothing', (wrong, warning) => {
    const { warnings = [] } = readTelemetrySettings({ ...endpoint, ...wrong }) ?? {};
    // An address is one of each kind.
    expect(warnings).toEqual([expect.stringMatching(warning)]);
    expect(warnings.join()).not.toContain('geheim');
  });

  it('sends nothing at all by a protocol that Ferry does not speak', () => {
    const settings = readTelemetrySettings({ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
    expect(settings?.targets).toEqual({ traces: [], metrics: [], logs: [] });
  });

  it.each([
    [{}, { ratio: 1, asParent: true }],
    [{ OTEL_TRACES_SAMPLER: 'always_on' }, { ratio: 1, asParent: false }],
    [{ OTEL_TRACES_SAMPLER: 'always_off' }, { ratio: 0, asParent: false }],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, { ratio: 0, asParent: true }],
    [
      { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' },
      { ratio: 0.25, asParent: false },
    ],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio' }, { ratio: 1, asParent: true }],
  ])('%o decides which traces are recorded', (environment, sampler) => {
    expect(readTelemetrySettings({ ...endpoint, ...environment })).toMatchObject({ sampler, warnings: [] });
  });

  it('has a queue of its own for each kind, and no wait that a timer would take for nothing', () => {
    const settings = readTelemetrySettings({
      ...endpoint,
      OTEL_BSP_MAX_QUEUE_SIZE: '10',
      OTEL_BLRP_SCHEDULE_DELAY: '99999999999',
      OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '7.9',
      OTEL_METRIC_EXPORT_INTERVAL: '1e99',
    });
    expect(settings?.batch).toEqual({
      traces: { delayMs: 5_000, size: 10, queue: 10 },
      logs: { delayMs: 2 ** 31 - 1, size: 7, queue: 2_048 },
    });
    expect(settings?.metricsEveryMs).toBe(2 ** 31 - 1);
    const app = readTelemetrySettings({
      ...endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '9',
      OTEL_BATCH_DELAY_MS: '3',
    });
    expect([app?.batch.traces.delayMs, app?.batch.logs.delayMs]).toEqual([3, 3]);
  });

  it('names the service, and sends no token of one collector to another', () => {
    const settings = readTelemetrySettings(
      {
        ...endpoint,
        OTEL_SERVICE_NAME: 'ferry-prod',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=prod,service.name=x,team=a%2Cb,a%2Cb=c,broken',
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20y',
        OTEL_EXPORTER_TIMEOUT_SECONDS: '3',
        ENABLE_OTLP_WORKFLOW_LOGS: 'true',
        OTEL_WORKFLOW_LOGS_ENDPOINT: 'http://second',
      },
      { headers: { 'x-scope': 'z' } },
    );
    expect(settings?.resource).toEqual({
      'deployment.environment.name': 'prod',
      'service.name': 'ferry-prod',
      team: 'a,b',
      'a,b': 'c',
      'app.name': 'ferry-prod',
    });
    const headers = { authorization: 'Bearer y', 'x-scope': 'z' };
    expect(settings?.targets.logs).toEqual([
      { url: 'http://collector:4318/v1/logs', headers, timeoutMs: 3_000 },
      { url: 'http://second/v1/logs', headers: {}, timeoutMs: 3_000 },
    ]);
  });
});
