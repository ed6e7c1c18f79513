import * as z from 'zod';
import type { TelemetryConfig } from '../config/schema/telemetry.ts';

/** What a function gets to know about telemetry besides the standard variables (OTEL_…). */
export const telemetryEnvironmentSchema = z.object({
  /** Name or ARN of the secret with the headers that the collector asks for. */
  FERRY_TELEMETRY_HEADERS: z.string().optional(),
  /** `off`: metrics of runs are not written for CloudWatch. */
  FERRY_CLOUDWATCH_METRICS: z.enum(['on', 'off']).default('on'),
});

/**
 * The variables of a function that stand for `telemetry` in ferry.yaml.
 *
 * @param options.namespace of its service, percent-encoded
 */
export function telemetryVariables(
  telemetry: TelemetryConfig | undefined,
  { namespace, entry }: { namespace: string; entry: string },
): Record<string, string> {
  if (!telemetry) return {};
  const { endpoint, headers, metrics, metricsByJob, logs } = telemetry;
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_SERVICE_NAME: 'ferry',
    OTEL_RESOURCE_ATTRIBUTES: `service.namespace=${namespace},ferry.function=${entry}`,
    // Each process of a function counts for itself, and ends without notice.
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
    ...(metrics === 'otlp' ? { FERRY_CLOUDWATCH_METRICS: 'off' } : { OTEL_METRICS_EXPORTER: 'none' }),
    ...(metricsByJob ? { FERRY_METRICS_BY_JOB: 'true' } : {}),
    ...(logs ? {} : { OTEL_LOGS_EXPORTER: 'none' }),
    ...(headers === undefined
      ? {}
      : { FERRY_TELEMETRY_HEADERS: typeof headers === 'string' ? headers : headers.arn }),
  };
}
