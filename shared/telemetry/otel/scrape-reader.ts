import type { Attributes } from '@opentelemetry/api';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MetricReader, type ResourceMetrics } from '@opentelemetry/sdk-metrics';

/** How Prometheus ends the name of a metric with a unit; the serializer leaves that out. */
const suffixes: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' };

/** Keeps metrics for a scraper, and has no server of its own. */
export class ScrapeReader extends MetricReader {
  readonly #serializer = new PrometheusSerializer(undefined, false, /^app_name$/, false, true);

  /** All metrics, in Prometheus' text format. */
  async scrape(): Promise<string> {
    const { resourceMetrics } = await this.collect();
    const text = this.#serializer.serialize(namedByUnit(resourceMetrics));
    return text.endsWith('\n') ? text : `${text}\n`;
  }

  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/**
 * A label for each attribute of the resource. Prometheus takes nothing of an answer with a name twice, or one that begins
 * with a digit, and anybody may name an attribute.
 */
function labelsOf(attributes: Attributes): Record<string, string> {
  const labels = Object.entries(attributes).map(([name, value]) => {
    const label = name.replace(/\W/g, '_').replace(/_{2,}/g, '_');
    return [/^\d/.test(label) ? `key_${label}` : label, String(value)] as const;
  });
  const { 'service.name': service, 'app.name': app } = attributes;
  // Ferry's own win.
  return { ...Object.fromEntries(labels), service_name: String(service), app_name: String(app) };
}

function namedByUnit({ resource, scopeMetrics }: ResourceMetrics): ResourceMetrics {
  return {
    resource: resourceFromAttributes(labelsOf(resource.attributes)),
    scopeMetrics: scopeMetrics.map((of) => ({
      ...of,
      metrics: of.metrics.map((metric) => {
        const { name, unit } = metric.descriptor;
        const suffix = suffixes[unit];
        const named = suffix === undefined || name.endsWith(suffix) ? name : `${name}_${suffix}`;
        return { ...metric, descriptor: { ...metric.descriptor, name: named, unit: '' } };
      }),
    })),
  };
}
