import * as z from 'zod';
import { secretRef } from './secret-ref.ts';

/** Where deployed functions send traces, metrics and logs. Elsewhere, the standard variables say so. */
export const telemetry = z
  .strictObject({
    endpoint: z
      .url({ protocol: /^https?$/, error: 'a URL such as https://collector.example.org:4318' })
      .refine(
        (value) => !URL.parse(value)?.username && !URL.parse(value)?.password,
        'a URL without user and password, because ferry.yaml holds no secrets: put them into `headers`',
      )
      .refine(
        (value) => !/\/v1\/(traces|metrics|logs)\/?$/.test(URL.parse(value)?.pathname ?? ''),
        'the address without /v1/traces, /v1/metrics or /v1/logs, which Ferry adds',
      )
      .describe('OpenTelemetry collector that accepts OTLP over HTTP (http/protobuf), without /v1/traces.'),
    headers: secretRef
      .optional()
      .describe(
        'Secret with the headers that the collector asks for: JSON such as {"authorization": "Bearer …"}, or name=value,name=value.',
      ),
    metrics: z
      .enum(['otlp', 'cloudwatch'])
      .default('otlp')
      .describe(
        'Where metrics of runs go: `otlp`, to the collector instead of CloudWatch; or `cloudwatch`, where the dashboard shows them. Default: otlp.',
      ),
    metricsByJob: z
      .boolean()
      .default(false)
      .describe(
        'Whether metrics name the job: a series for each. Default: false. CloudWatch always has the job.',
      ),
    logs: z
      .boolean()
      .default(false)
      .describe('Whether the log goes to the collector, too; CloudWatch Logs always has it. Default: false.'),
  })
  .describe('OpenTelemetry for the deployed functions (docs/telemetry.md). Default: off.');
export type TelemetryConfig = z.infer<typeof telemetry>;
