import { LONGEST_TIMER_MS, type OtlpTarget, type Signal, signals, targetsOf } from './otlp-targets.ts';
import { parsePairs } from './parse-headers.ts';
import { readSampler, type SamplerSettings } from './read-sampler.ts';
import { type Environment, isTrue, listOf, type Variable, variablesIn } from './variables.ts';

/** How records are collected before they are sent. */
export interface BatchSettings {
  delayMs: number;
  size: number;
  /** What it has no room for is lost. */
  queue: number;
}

/** What is recorded, and where it goes. */
export interface TelemetrySettings {
  /** Attributes of everything: the name of the service and what OTEL_RESOURCE_ATTRIBUTES adds. */
  resource: Readonly<Record<string, string>>;
  /** Several for logs: the app's second exporter. None for a kind that is not sent. */
  targets: Readonly<Record<Signal, readonly OtlpTarget[]>>;
  sampler: SamplerSettings;
  /** Whether metrics are kept for a scraper, too. */
  scraped: boolean;
  /** Whether metrics name the job. */
  metricsByJob: boolean;
  /** How often metrics are sent. */
  metricsEveryMs: number;
  batch: Readonly<Record<'traces' | 'logs', BatchSettings>>;
  /** What is wrong with the settings: sentences. Telemetry fails no command. */
  warnings: readonly string[];
}

/**
 * Reads the settings from the standard variables (OTEL_…), and those of Atlan's app.
 *
 * @param options.scraped whether something may ask this process for its metrics
 * @param options.headers for the collector, besides those of the environment
 * @returns undefined when nothing is to be recorded, so that nothing needs to be loaded
 */
export function readTelemetrySettings(
  environment: Environment,
  { scraped = false, headers = {} }: { scraped?: boolean; headers?: Readonly<Record<string, string>> } = {},
): TelemetrySettings | undefined {
  const variable = variablesIn(environment);
  const disabled = variable('OTEL_SDK_DISABLED')?.toLowerCase() ?? 'false';
  if (disabled === 'true') return undefined;
  const told = new Set<string>();
  const warn = (message: string) => void told.add(message);
  if (disabled !== 'false') warn('OTEL_SDK_DISABLED: expected true or false; telemetry stays on.');
  const targets = Object.fromEntries(
    signals.map((signal) => [signal, targetsOf(signal, { variable, headers, warn })]),
  ) as unknown as Record<Signal, OtlpTarget[]>;
  const keepsMetrics = scraped && listOf(variable('OTEL_METRICS_EXPORTER'))?.includes('none') !== true;
  const isSent = signals.some((signal) => targets[signal].length > 0);
  if (!keepsMetrics && !isSent && told.size === 0) return undefined;
  const settings = {
    resource: resourceOf(variable),
    targets,
    sampler: readSampler(variable, warn),
    scraped: keepsMetrics,
    metricsByJob: isTrue(variable('FERRY_METRICS_BY_JOB')),
    metricsEveryMs: readCount(variable, ['OTEL_METRIC_EXPORT_INTERVAL'], 60_000, warn),
    batch: { traces: batchOf('BSP', variable, warn), logs: batchOf('BLRP', variable, warn) },
  };
  return { ...settings, warnings: [...told] };
}

/** @param prefix in the names of the specification; those of Atlan's app are for both kinds */
function batchOf(prefix: 'BSP' | 'BLRP', variable: Variable, warn: (message: string) => void): BatchSettings {
  const read = (app: string, standard: string, otherwise: number) =>
    readCount(variable, [`OTEL_${app}`, `OTEL_${prefix}_${standard}`], otherwise, warn);
  const queue = read('QUEUE_SIZE', 'MAX_QUEUE_SIZE', 2_048);
  const size = read('BATCH_SIZE', 'MAX_EXPORT_BATCH_SIZE', 512);
  return { delayMs: read('BATCH_DELAY_MS', 'SCHEDULE_DELAY', 5_000), size: Math.min(size, queue), queue };
}

/** The first of some variables that is set: a count, or a time in ms. */
function readCount(
  variable: Variable,
  names: readonly string[],
  otherwise: number,
  warn: (message: string) => void,
): number {
  const name = names.find((one) => variable(one) !== undefined);
  if (name === undefined) return otherwise;
  const value = Number(variable(name));
  // A batch of less than one record would never empty a queue.
  if (value >= 1) return Math.min(Math.floor(value), LONGEST_TIMER_MS);
  warn(`${name}: expected 1 or more; ${otherwise} is used.`);
  return otherwise;
}

function resourceOf(variable: Variable): Record<string, string> {
  const version = variable('OTEL_SERVICE_VERSION');
  const given = parsePairs(variable('OTEL_RESOURCE_ATTRIBUTES'));
  const name = variable('OTEL_SERVICE_NAME') ?? given['service.name'] ?? 'ferry';
  return {
    ...given,
    'service.name': name,
    ...(version === undefined ? {} : { 'service.version': version }),
    // The one label that each metric has at a scraper.
    'app.name': variable('ATLAN_APPLICATION_NAME') ?? name,
  };
}
