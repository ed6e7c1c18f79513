import stringWidth from 'string-width';
import type { ProgressEvent } from '../../shared/runs/job.ts';
import { formatBytes, formatCount, formatDuration } from '../../shared/text/format.ts';
import type { Output } from './output.ts';

/** The width that the names of a sync's phases need; databases may have longer ones. */
const NAME_WIDTH = 14;
/** How often a line says how far a long phase has come, where lines cannot be updated. */
const LINE_MS = 30_000;

/** A phase that has begun. */
interface Running {
  phase: string;
  since: number;
  bytes: number;
  rows: number | undefined;
  /** When a line about it was last printed. */
  printedAt: number;
}

/** Many databases, which share one line. */
interface Many {
  /** Which one it is now, such as `12 of 40`. */
  step: string;
  since: number;
  printedAt: number;
}

/** Of each database of many: it has no line of its own. */
const PUBLISH = 'publish';
const SLOW_MS = 2_000;

/**
 * Prints a line for each finished phase, and on a terminal one that is updated during a phase. Many databases have one
 * line together.
 *
 * @param enabled false prints nothing, because the log contains the same facts
 */
export function createProgressPrinter(
  output: Output,
  enabled: boolean,
): { onEvent: (event: ProgressEvent) => void; end: () => void } {
  if (!enabled) return { onEvent: () => {}, end: () => {} };
  const printer = new ProgressPrinter(output);
  return { onEvent: (event) => printer.onEvent(event), end: () => printer.end() };
}

class ProgressPrinter {
  readonly #output: Output;
  readonly #live: boolean;
  readonly #timer: NodeJS.Timeout | undefined;
  #running: Running | undefined;
  #many: Many | undefined;
  #width = NAME_WIDTH;
  #waiting = false;
  #queued = false;

  constructor(output: Output) {
    this.#output = output;
    this.#live = output.isTTY === true;
    this.#timer = this.#live ? setInterval(() => this.#draw(), 200) : undefined;
    this.#timer?.unref();
  }

  onEvent(event: ProgressEvent): void {
    switch (event.type) {
      case 'waiting':
        if (!this.#waiting)
          this.#print(
            '  another run of this job may be under way: waiting, up to a minute, to see whether it is alive …',
          );
        this.#waiting = true;
        break;
      case 'queued':
        this.#showQueue(event);
        break;
      case 'retrying':
        this.#print(`  ${event.message} Trying again in ${formatDuration(event.waitMs)}.`);
        break;
      case 'phase-started':
        this.#begin(event);
        break;
      case 'phase-progressed':
        if (this.#running) Object.assign(this.#running, { bytes: event.bytes, rows: event.rows });
        this.#printLine();
        break;
      case 'phase-noted':
        this.#print(`    ${event.fact}`);
        this.#draw();
        break;
      case 'phase-ended':
        this.#finish(event);
        break;
    }
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#running || this.#queued) this.#clear();
    this.#endMany();
  }

  #begin({ phase, step }: Extract<ProgressEvent, { type: 'phase-started' }>): void {
    const now = performance.now();
    if (step !== undefined) this.#many = { since: now, printedAt: now, ...this.#many, step };
    else if (phase !== PUBLISH) this.#endMany();
    this.#running = { phase, since: now, bytes: 0, rows: undefined, printedAt: now };
    this.#draw();
    if (step !== undefined) this.#printLine();
  }

  #finish({ phase, durationMs, detail }: Extract<ProgressEvent, { type: 'phase-ended' }>): void {
    this.#running = undefined;
    this.#queued = false;
    if (!this.#many) this.#printPhase(phase, durationMs, detail);
  }

  #endMany(): void {
    const many = this.#many;
    this.#many = undefined;
    if (many) this.#printPhase('databases', performance.now() - many.since, many.step);
  }

  #printPhase(phase: string, durationMs: number, detail: string | undefined): void {
    const fact = detail ? `  ${detail}` : '';
    this.#print(`  ${this.#padName(phase)}${formatDuration(durationMs).padStart(10)}${fact}`);
  }

  #showQueue({ source, slots, before }: Extract<ProgressEvent, { type: 'queued' }>): void {
    const text = `  waiting for one of ${formatCount(slots, 'slot')} of source ${source}, ${formatCount(before, 'run')} before this one …`;
    this.#clear();
    // Single steps only where each replaces the one before.
    if (this.#live) this.#output.write(text);
    else if (!this.#queued) this.#output.write(`${text}\n`);
    this.#queued = true;
  }

  /** Where lines cannot be updated: how far it has come, now and then. */
  #printLine(): void {
    const latest = this.#many ?? this.#running;
    if (this.#live || !latest || performance.now() - latest.printedAt < LINE_MS) return;
    latest.printedAt = performance.now();
    this.#output.write(`${this.#describe()}\n`);
  }

  #draw(): void {
    if (this.#live && this.#running) this.#output.write(`\r\x1b[K${this.#describe()}`);
  }

  #describe(): string {
    const { phase, since, bytes, rows } = this.#running ?? { phase: '', since: 0, bytes: 0, rows: undefined };
    const counted = rows === undefined ? '' : `  ${formatCount(rows, 'row')}`;
    const moved = `${counted}${bytes > 0 ? `  ${formatBytes(bytes)}` : ''}`;
    if (!this.#many)
      return `  ${this.#padName(phase)}${formatDuration(performance.now() - since).padStart(10)}${moved} …`;
    const elapsed = formatDuration(performance.now() - this.#many.since);
    // Usually it takes no time.
    const isSlow = performance.now() - since > SLOW_MS;
    const name = phase !== PUBLISH ? `  ${phase}` : isSlow ? '  writing its files' : '';
    return `  ${this.#many.step} databases  ${elapsed}${name}${moved} …`;
  }

  #padName(name: string): string {
    // At least two spaces; later lines keep the wider column, so that the times are aligned.
    this.#width = Math.max(this.#width, stringWidth(name) + 2);
    return name + ' '.repeat(this.#width - stringWidth(name));
  }

  #print(line: string): void {
    this.#clear();
    this.#output.write(`${line}\n`);
  }

  #clear(): void {
    if (this.#live) this.#output.write('\r\x1b[K');
  }
}
