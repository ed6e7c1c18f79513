import { existsSync } from 'node:fs';
import { isHeader, parsePairs } from './parse-headers.ts';
import { isTrue, listOf, type Variable } from './variables.ts';

export const signals = ['traces', 'metrics', 'logs'] as const;
export type Signal = (typeof signals)[number];

/** Where one kind of telemetry goes, by OTLP. */
export interface OtlpTarget {
  /** With the path of the signal. */
  url: string;
  headers: Readonly<Record<string, string>>;
  timeoutMs: number;
}

export interface TargetOptions {
  variable: Variable;
  /** Headers besides those of the environment. */
  headers: Readonly<Record<string, string>>;
  warn: (message: string) => void;
}

const DEFAULT_ENDPOINT = 'http://localhost:4318';
const DEFAULT_TIMEOUT_MS = 10_000;
/** Longer ones would become one millisecond. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The switches of Atlan's app: `true` also turns a signal on without an endpoint, any other value turns it off. */
const appSwitches: Readonly<Record<Signal, readonly string[]>> = {
  traces: ['ATLAN_ENABLE_OTLP_TRACES', 'ENABLE_OTLP_TRACES'],
  metrics: [],
  logs: ['ENABLE_OTLP_LOGS'],
};
/** Exporters of the specification that Ferry has, or that something else stands for. */
const known: Readonly<Record<Signal, readonly string[]>> = {
  traces: ['otlp', 'none'],
  metrics: ['otlp', 'none', 'prometheus'],
  logs: ['otlp', 'none'],
};

/** Where a kind of telemetry goes: nowhere, to one place, or for logs to two, as the app's second exporter has it. */
export function targetsOf(signal: Signal, { variable, headers: given, warn }: TargetOptions): OtlpTarget[] {
  const upper = signal.toUpperCase();
  const own = (suffix: string) => variable(`OTEL_EXPORTER_OTLP_${upper}_${suffix}`);
  /** The value of a variable, of this signal or of all, and the name of that. */
  const either = (suffix: string) => {
    const name = `OTEL_EXPORTER_OTLP_${own(suffix) === undefined ? '' : `${upper}_`}${suffix}`;
    return { name, value: variable(name) };
  };
  const endpoint = either('ENDPOINT');
  const exporters = listOf(variable(`OTEL_${upper}_EXPORTER`));
  const appSwitch = appSwitches[signal].map(variable).find((value) => value !== undefined);
  const extra = signal === 'logs' && isTrue(variable('ENABLE_OTLP_WORKFLOW_LOGS'));
  const second = extra ? variable('OTEL_WORKFLOW_LOGS_ENDPOINT') : undefined;
  const wanted = appSwitch === undefined ? endpoint.value !== undefined : isTrue(appSwitch);
  const places: { name: string; url: string | undefined; isSecond: boolean }[] = [];
  if (wanted && (exporters?.includes('otlp') ?? true)) {
    const url = own('ENDPOINT') ?? withPath(endpoint.value ?? DEFAULT_ENDPOINT, signal);
    places.push({ name: endpoint.name, url, isSecond: false });
  }
  if (second !== undefined)
    places.push({ name: 'OTEL_WORKFLOW_LOGS_ENDPOINT', url: withPath(second, signal), isSecond: true });
  if (wanted && exporters?.some((exporter) => !known[signal].includes(exporter)))
    warn(`OTEL_${upper}_EXPORTER: expected ${known[signal].join(' or ')}; anything else is left out.`);
  if (places.length === 0 || !speaks(either('PROTOCOL'), warn)) return [];

  const headers = {
    ...headersIn(variable, 'OTEL_EXPORTER_OTLP_HEADERS', warn),
    ...headersIn(variable, `OTEL_EXPORTER_OTLP_${upper}_HEADERS`, warn),
    ...given,
  };
  const timeoutMs = timeoutOf(either('TIMEOUT'), variable, warn);
  checkWhatTheSdkReads(either('COMPRESSION'), either('CERTIFICATE'), warn);
  const targets = places.flatMap(({ name, url, isSecond }) => {
    const parsed = url === undefined ? null : URL.parse(url);
    if (!parsed || !/^https?:$/.test(parsed.protocol)) {
      // It could hold a login.
      warn(`${name}: expected an address that begins with http:// or https://.`);
      return [];
    }
    if (parsed.port === '4317')
      warn(`${name}: port 4317 is usually the one for gRPC, and Ferry sends HTTP: try 4318.`);
    // A token is for the collector that asked for it.
    return [{ url: parsed.href, headers: isSecond ? {} : headers, timeoutMs }];
  });
  // A second place that is the first one would get, and count, everything twice.
  return targets.filter(({ url }, index) => targets.findIndex((one) => one.url === url) === index);
}

interface Named {
  name: string;
  value: string | undefined;
}

/** Whether Ferry speaks a protocol. JSON goes to the same port, where every collector takes protobuf, too. */
function speaks({ name, value }: Named, warn: (message: string) => void): boolean {
  const protocol = value?.toLowerCase() ?? 'http/protobuf';
  if (protocol === 'http/protobuf') return true;
  if (protocol === 'http/json') {
    warn(`${name}: Ferry sends http/protobuf instead of http/json.`);
    return true;
  }
  const advice = 'leave it out, and name the port for HTTP, which is usually 4318';
  warn(`${name}: Ferry sends http/protobuf only, so nothing is sent: ${advice}.`);
  return false;
}

function headersIn(variable: Variable, name: string, warn: (message: string) => void) {
  const pairs = Object.entries(parsePairs(variable(name)));
  const valid = pairs.filter(isHeader);
  if (valid.length < pairs.length)
    warn(
      `${name}: a name or value cannot be that of a header, and is left out. Percent-encode special characters.`,
    );
  return Object.fromEntries(valid);
}

function timeoutOf({ name, value }: Named, variable: Variable, warn: (message: string) => void): number {
  const seconds = variable('OTEL_EXPORTER_TIMEOUT_SECONDS');
  const timeout = value === undefined ? Number(seconds ?? Number.NaN) * 1_000 : Number(value);
  if (timeout > 0) return Math.min(timeout, LONGEST_TIMER_MS);
  const given = value === undefined ? 'OTEL_EXPORTER_TIMEOUT_SECONDS' : name;
  if ((value ?? seconds) !== undefined)
    warn(`${given}: expected a positive number; ${DEFAULT_TIMEOUT_MS} ms are used.`);
  return DEFAULT_TIMEOUT_MS;
}

/** The SDK reads these itself, and tells nobody what is wrong with them. */
function checkWhatTheSdkReads(compression: Named, certificate: Named, warn: (message: string) => void): void {
  if (compression.value !== undefined && !/^(gzip|none)$/.test(compression.value))
    warn(`${compression.name}: expected gzip or none; nothing is compressed.`);
  if (certificate.value !== undefined && !existsSync(certificate.value))
    warn(`${certificate.name}: this file does not exist.`);
}

/** Before a query, which some collectors take a key from. Undefined when it is no address. */
function withPath(endpoint: string, signal: Signal): string | undefined {
  const url = URL.parse(endpoint);
  if (!url) return undefined;
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/${signal}`;
  return url.href;
}
