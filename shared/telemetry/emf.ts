/** The namespace of all metrics. */
export const METRIC_NAMESPACE = 'Ferry';

export type MetricUnit = 'Count' | 'Milliseconds';

/**
 * Writes metrics as a line of the log, in CloudWatch's embedded metric format: no call, no permission, no client.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 *
 * @param write takes one line
 */
export function writeMetrics(
  write: (line: string) => void,
  dimensions: Readonly<Record<string, string>>,
  metrics: Readonly<Record<string, { value: number; unit: MetricUnit }>>,
  now: Date = new Date(),
): void {
  const values = Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value]));
  const definition = {
    Namespace: METRIC_NAMESPACE,
    Dimensions: [Object.keys(dimensions)],
    Metrics: Object.entries(metrics).map(([Name, { unit: Unit }]) => ({ Name, Unit })),
  };
  const _aws = { Timestamp: now.getTime(), CloudWatchMetrics: [definition] };
  write(`${JSON.stringify({ _aws, ...dimensions, ...values })}\n`);
}
