import { context, metrics, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import { recordTelemetry } from '../../../functions/function-telemetry.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { inSpan } from '../../../shared/telemetry/in-span.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { startCollector } from '../../support/telemetry/collector-stand-in.ts';

// A function never ends what it has begun.
afterEach(() => {
  trace.disable();
  metrics.disable();
  context.disable();
});

/** A function that answers, in a span. */
function functionWith(
  environment: Readonly<Record<string, string>>,
  readSecret?: (name: string) => Promise<string>,
  now: () => number = () => 0,
) {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', destination: { write: (line) => lines.push(line) } });
  const run = recordTelemetry(
    {
      logger,
      environment: { OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none', ...environment },
      now,
      ...(readSecret ? { readSecret } : {}),
    },
    (event: string) => inSpan('work', {}, async () => `${event}!`),
  );
  return {
    run: (event: string) => run(event, { getRemainingTimeInMillis: () => 10_000 }),
    log: () => lines.join(''),
  };
}

describe('a function with a collector', () => {
  it('has sent what it did when its invocation ends, with the headers of the secret, read once', async () => {
    await using collector = await startCollector();
    const read: string[] = [];
    const { run } = functionWith(
      { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, FERRY_TELEMETRY_HEADERS: 'ferry/telemetry' },
      async (name) => {
        read.push(name);
        return '{"authorization": "Bearer geheim"}';
      },
    );
    expect([await run('a'), await run('b')]).toEqual(['a!', 'b!']);
    expect(collector.delivered.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/v1/traces', 'Bearer geheim'],
      ['/v1/traces', 'Bearer geheim'],
    ]);
    expect(read).toEqual(['ferry/telemetry']);
  });

  it('reads a secret that could not be read again, some minutes later', async () => {
    await using collector = await startCollector();
    let minutes = 0;
    let reads = 0;
    const { run } = functionWith(
      { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, FERRY_TELEMETRY_HEADERS: 'ferry/telemetry' },
      async () => {
        reads += 1;
        if (reads === 1) throw new ConfigError('The secret ferry/telemetry does not exist.');
        return 'a=b';
      },
      () => minutes * 60_000,
    );
    const seen: number[][] = [];
    for (minutes of [0, 9, 10, 30]) {
      await run('a');
      seen.push([reads, collector.delivered.length]);
    }
    expect(seen).toEqual([
      [1, 0],
      [1, 0],
      [2, 1],
      [2, 2],
    ]);
  });

  it.each([
    [
      'that does not exist',
      () => Promise.reject(new ConfigError('The secret ferry/telemetry does not exist.')),
    ],
    ['of another form', () => Promise.resolve('geheim')],
  ])('works without it if the secret is one %s', async (_what, readSecret) => {
    await using collector = await startCollector();
    const environment = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      FERRY_TELEMETRY_HEADERS: 'ferry/telemetry',
    };
    const { run, log } = functionWith(environment, readSecret);
    expect(await run('a')).toBe('a!');
    expect(collector.delivered).toEqual([]);
    expect(log()).toMatch(/nothing is sent to the collector: The secret/);
    expect(log()).not.toContain('geheim');
  });
});
