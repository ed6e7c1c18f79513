import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { formatCount } from '../../text/format.ts';

/** The exporter tries again for as long as it has, whether nothing listens there or the collector is overloaded. */
const NOT_IN_TIME = 'it could not be reached, or did not take them in time';

/** How an export ended; 0 is success. */
interface ExportResult {
  code: number;
  error?: Error;
}

/** As far as delivery goes, the exporters of all signals. */
export interface Exporter {
  // biome-ignore lint/suspicious/noExplicitAny: each signal has its own type of item, which does not matter here.
  export(items: any, done: (result: ExportResult) => void): void;
}

/** What an answer of OTLP counts as rejected, and what people call one of them. */
const REJECTED: readonly (readonly [field: string, item: string])[] = [
  ['rejectedSpans', 'span'],
  ['rejectedDataPoints', 'metric data point'],
  ['rejectedLogRecords', 'log record'],
];

/** How sending goes. A collector that is down for long is worth one warning, not one a minute. */
export class Delivery {
  readonly #warn: (message: string) => void;
  // Each by itself: a collector that takes metrics and no logs does not come back with each metric.
  readonly #failing = new Set<Exporter>();
  /** Those that wait for an answer, once for each of their requests. */
  readonly #waiting: Exporter[] = [];
  #failures = 0;
  /** What was said of answers that accept only a part. */
  readonly #told = new Set<string>();

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** How often something was given up, so far. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether an exporter has given something up, and delivered nothing since. */
  get failing(): boolean {
    return this.#failing.size > 0;
  }

  /** Notes that something is being sent. */
  begin(exporter: Exporter): void {
    this.#waiting.push(exporter);
  }

  /** Gives up what has no answer yet. It still goes on. */
  giveUp(): void {
    for (const exporter of new Set(this.#waiting)) this.#fail(exporter, NOT_IN_TIME);
  }

  end(exporter: Exporter, result: ExportResult): void {
    this.#waiting.splice(this.#waiting.indexOf(exporter), 1);
    if (result.code === 0) this.#failing.delete(exporter);
    else this.#fail(exporter, reasonOf(result.error));
  }

  /**
   * Notes that the collector took a request and rejected a part of it, or warned: each once. Why is in its own words,
   * which are not repeated.
   */
  rejectPart(answer: Readonly<Record<string, unknown>>): void {
    const rejected = REJECTED.flatMap(([field, item]) => {
      const count = Number(answer[field] ?? 0);
      return count > 0 ? [{ count, item }] : [];
    });
    if (rejected.length > 0) this.#failures += 1;
    for (const { count, item } of rejected)
      this.#sayOnce(
        item,
        `the collector rejected ${formatCount(count, item)} and took the rest: its own log says why`,
      );
    if (rejected.length === 0)
      this.#sayOnce('', 'the collector took everything, with a warning: its own log says which');
  }

  #sayOnce(about: string, message: string): void {
    if (this.#told.has(about)) return;
    this.#told.add(about);
    this.#warn(message);
  }

  /** @param why in words that hold nothing of the collector's answer */
  #fail(exporter: Exporter, why: string): void {
    this.#failures += 1;
    const isKnown = this.failing;
    this.#failing.add(exporter);
    if (isKnown) return;
    this.#warn(
      `the collector has not received traces, metrics or logs: ${why} (OTEL_EXPORTER_OTLP_ENDPOINT)`,
    );
  }
}

/** Notes what an exporter gives up: the SDK would only tell its own diagnostics, which nobody reads. */
export function watchDelivery<T extends Exporter>(exporter: T, delivery: Delivery): T {
  const send = exporter.export.bind(exporter);
  exporter.export = (items, done) => {
    delivery.begin(exporter);
    send(items, (result) => {
      delivery.end(exporter, result);
      done(result);
    });
  };
  return exporter;
}

/**
 * Listens for answers that accept only a part of a request. The exporters of the SDK count them as success, and tell
 * nobody but its diagnostics.
 *
 * @returns ends that
 */
export function watchRejections(delivery: Delivery): () => void {
  const ignore = () => {};
  const warn: DiagLogger['warn'] = (message, answer) => {
    if (!/partial success/i.test(message) || typeof answer !== 'string') return;
    try {
      delivery.rejectPart(JSON.parse(answer));
    } catch {
      // Not what it is expected to say.
    }
  };
  const listener: DiagLogger = { error: ignore, warn, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(listener, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  return () => diag.disable();
}

function reasonOf(error: (Error & { code?: unknown }) | undefined): string {
  const code = error?.code;
  if (typeof code === 'number') return `it answered with status ${code}`;
  if (typeof code === 'string' && /^[A-Z_\d]{1,40}$/.test(code)) return code;
  return NOT_IN_TIME;
}
