import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import {
  createDenyListAttributesProcessor,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Clock } from '../../sleep.ts';
import { JOB_NAME } from '../attributes.ts';
import { SCOPE } from '../in-span.ts';
import type { LogSink } from '../log-sinks.ts';
import type { OtlpTarget } from '../settings/otlp-targets.ts';
import type { SamplerSettings } from '../settings/read-sampler.ts';
import type { BatchSettings, TelemetrySettings } from '../settings/telemetry-settings.ts';
import type { Telemetry } from '../telemetry.ts';
import { emitLine } from './emit-line.ts';
import { observeProcess } from './observe-process.ts';
import { ScrapeReader } from './scrape-reader.ts';
import { Delivery, type Exporter, watchDelivery, watchRejections } from './watch-delivery.ts';
import { withoutHeaders } from './without-headers.ts';

/** How long a flush may hold up whoever waits for it. */
const FLUSH_MS = 2_000;
/** The same while the collector has not answered the last one: nobody is held up again and again. */
const FLUSH_AGAIN_MS = 200;
// Each kind of run, state and class of error is a series of its own, and each job where they are told apart.
const SERIES_A_METRIC = 2_000;

interface Part {
  forceFlush: () => Promise<void>;
  shutdown: () => Promise<void>;
}

/**
 * Begins to record: the only module that loads OpenTelemetry's SDK, so import it late (start-telemetry.ts).
 */
export function openOtel(options: {
  settings: TelemetrySettings;
  warn: (message: string) => void;
  clock: Pick<Clock, 'sleep'>;
  /** Given, because a bundle of its own would have loggers of its own. */
  addLogSink: (sink: LogSink) => () => void;
}): Telemetry {
  const { settings, warn, clock, addLogSink } = options;
  const { targets, batch } = settings;
  const resource = resourceFromAttributes({ ...settings.resource });
  const delivery = new Delivery(warn);
  const exporterFor = <T extends Exporter>(
    { url, headers, timeoutMs: timeoutMillis }: OtlpTarget,
    Kind: new (config: { url: string; headers: Record<string, string>; timeoutMillis: number }) => T,
  ): T =>
    withoutHeaders(() => watchDelivery(new Kind({ url, headers: { ...headers }, timeoutMillis }), delivery));
  const batched = ({ queue, size, delayMs }: BatchSettings) => ({
    maxQueueSize: queue,
    maxExportBatchSize: size,
    scheduledDelayMillis: delayMs,
  });
  const parts: Part[] = [];
  const closing: (() => unknown)[] = [];

  if (targets.traces.length > 0) {
    const tracerProvider = new TracerProvider({
      resource,
      sampler: samplerOf(settings.sampler),
      spanProcessors: targets.traces.map(
        (target) =>
          new BatchSpanProcessor({
            ...batched(batch.traces),
            exporter: exporterFor(target, OTLPTraceExporter),
          }),
      ),
    });
    const contextManager = new AsyncLocalStorageContextManager().enable();
    context.setGlobalContextManager(contextManager);
    trace.setGlobalTracerProvider(tracerProvider);
    parts.push(tracerProvider);
    closing.push(
      () => trace.disable(),
      () => context.disable(),
    );
  }

  const scraper = settings.scraped ? new ScrapeReader() : undefined;
  const readers = [
    ...targets.metrics.map(
      (target) =>
        new PeriodicExportingMetricReader({
          exporter: exporterFor(target, OTLPMetricExporter),
          exportIntervalMillis: settings.metricsEveryMs,
          exportTimeoutMillis: Math.min(target.timeoutMs, settings.metricsEveryMs),
        }),
    ),
    ...(scraper ? [scraper] : []),
  ];
  if (readers.length > 0) {
    const attributesProcessors = settings.metricsByJob ? [] : [createDenyListAttributesProcessor([JOB_NAME])];
    const meterProvider = new MeterProvider({
      resource,
      readers,
      views: [{ instrumentName: '*', attributesProcessors, aggregationCardinalityLimit: SERIES_A_METRIC }],
    });
    metrics.setGlobalMeterProvider(meterProvider);
    observeProcess(meterProvider.getMeter(SCOPE));
    parts.push(meterProvider);
    closing.push(() => metrics.disable());
  }

  if (targets.logs.length > 0) {
    const loggerProvider = new LoggerProvider({
      resource,
      processors: targets.logs.map(
        (target) =>
          new BatchLogRecordProcessor({
            ...batched(batch.logs),
            exporter: exporterFor(target, OTLPLogExporter),
          }),
      ),
    });
    const otelLogger = loggerProvider.getLogger(SCOPE);
    closing.push(addLogSink((line) => emitLine(otelLogger, line)));
    parts.push(loggerProvider);
  }

  /** @returns whether all parts did it in time, and everything was received */
  const within = async (limitMs: number, work: (part: Part) => Promise<void>): Promise<boolean> => {
    const before = delivery.failures;
    const done = new AbortController();
    const late = clock.sleep(Math.max(0, limitMs), done.signal).then(
      () => false,
      () => false,
    );
    // What could not be sent rejects; `delivery` has noted it.
    const all = Promise.allSettled(parts.map((part) => work(part))).then(() => true);
    // A part that is late still goes on.
    const inTime = await Promise.race([all, late]);
    done.abort();
    if (!inTime) delivery.giveUp();
    return inTime && delivery.failures === before;
  };

  const stopListening = watchRejections(delivery);
  let ended: Promise<boolean> | undefined;
  return {
    flush(limitMs = FLUSH_MS) {
      const patience = delivery.failing ? FLUSH_AGAIN_MS : FLUSH_MS;
      return within(Math.min(patience, limitMs), (part) => part.forceFlush());
    },
    end() {
      // First, so that nothing more is recorded, and the warning does not become a record of its own.
      for (const close of closing.splice(0)) close();
      ended ??= within(FLUSH_MS, (part) => part.shutdown()).finally(stopListening);
      return ended;
    },
    scrape: scraper && (() => scraper.scrape()),
  };
}

function samplerOf({ ratio, asParent }: SamplerSettings): Sampler {
  const root = new TraceIdRatioBasedSampler(ratio);
  return asParent ? new ParentBasedSampler({ root }) : root;
}
