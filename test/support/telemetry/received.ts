import type { Delivered } from './collector-stand-in.ts';

/** Attributes by name; OTLP's JSON has large numbers as texts. */
export type Attributes = Readonly<Record<string, unknown>>;

export interface ReceivedSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  kind: number;
  attributes: Attributes;
  links: { traceId: string; spanId: string }[];
  /** 2: failed. */
  status?: { code?: number; message?: string };
}

export interface ReceivedMetric {
  name: string;
  unit: string;
  /** `sum`, `histogram` or `gauge`. */
  kind: string;
  points: { attributes: Attributes; value: number }[];
}

export interface ReceivedLog {
  body: string;
  severity: string;
  traceId: string;
  spanId: string;
  attributes: Attributes;
}

/** What a collector has understood. */
export interface Received {
  /** Those of all processes that have sent something. */
  resources: Attributes[];
  spans: ReceivedSpan[];
  metrics: ReceivedMetric[];
  logs: ReceivedLog[];
}

// biome-ignore lint/suspicious/noExplicitAny: OTLP's JSON, as the collector writes it
type Json = any;

/** Reads OTLP as JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
export function received(delivered: readonly Delivered[]): Received {
  const found: Received = { resources: [], spans: [], metrics: [], logs: [] };
  for (const { body } of delivered) {
    const document: Json = JSON.parse(body.toString('utf8'));
    const { resourceSpans = [], resourceMetrics = [], resourceLogs = [] } = document;
    for (const of of [...resourceSpans, ...resourceMetrics, ...resourceLogs]) {
      found.resources.push(attributesOf(of.resource.attributes));
      for (const { spans = [], metrics = [], logRecords = [] } of [
        ...(of.scopeSpans ?? []),
        ...(of.scopeMetrics ?? []),
        ...(of.scopeLogs ?? []),
      ]) {
        found.spans.push(...spans.map(spanOf));
        found.metrics.push(...metrics.map(metricOf));
        found.logs.push(...logRecords.map(logOf));
      }
    }
  }
  return found;
}

const spanOf = ({ attributes, links = [], parentSpanId = '', ...span }: Json): ReceivedSpan => ({
  ...span,
  parentSpanId,
  attributes: attributesOf(attributes),
  links,
});

function metricOf({ name, unit = '', ...data }: Json): ReceivedMetric {
  const [kind = ''] = ['sum', 'histogram', 'gauge'].filter((one) => one in data);
  const points = data[kind].dataPoints.map((point: Json) => ({
    attributes: attributesOf(point.attributes),
    value: Number(point.asInt ?? point.asDouble ?? point.count),
  }));
  return { name, unit, kind, points };
}

const logOf = ({ body, severityText = '', traceId = '', spanId = '', attributes }: Json): ReceivedLog => ({
  body: body.stringValue,
  severity: severityText,
  traceId,
  spanId,
  attributes: attributesOf(attributes),
});

function attributesOf(pairs: Json[] = []): Attributes {
  return Object.fromEntries(
    pairs.map(({ key, value }) => {
      const { stringValue, intValue, doubleValue, boolValue } = value;
      return [key, stringValue ?? boolValue ?? (intValue === undefined ? doubleValue : Number(intValue))];
    }),
  );
}

/** The names of spans from the one whose parent is `root` down to each with this name; `?` where one is missing. */
export function pathsTo(spans: readonly ReceivedSpan[], name: string, root: string): string[][] {
  const pathOf = (span: ReceivedSpan): string[] => {
    if (span.parentSpanId === root) return [span.name];
    const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
    return [...(parent ? pathOf(parent) : ['?']), span.name];
  };
  return spans.filter((span) => span.name === name).map(pathOf);
}
