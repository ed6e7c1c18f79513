import { formatDuration } from '../../shared/text/format.ts';
import type { Output } from './output.ts';

/** How often a line is printed without a terminal, so that a log shows what takes so long. */
const LINE_MS = 10_000;
const DRAW_MS = 200;

/**
 * Says what a command is doing: on a terminal in a line that is updated, else in a line for what takes ten seconds or
 * more. Nobody waits without a word.
 */
export class StatusLine implements Disposable {
  readonly #output: Output;
  readonly #timer: NodeJS.Timeout;
  #text: string | undefined;
  #since = performance.now();

  /** @param output usually stderr: what is asked for goes to stdout */
  constructor(output: Output) {
    this.#output = output;
    const live = output.isTTY === true;
    this.#timer = setInterval(live ? () => this.#draw() : () => this.#print(), live ? DRAW_MS : LINE_MS);
    this.#timer.unref();
  }

  /** From now on, this is under way. */
  show(text: string): void {
    if (text === this.#text) return;
    this.#text = text;
    this.#since = performance.now();
    if (this.#output.isTTY) this.#draw();
  }

  /** Makes room for other output, until the next call of {@link show}. */
  clear(): void {
    if (this.#text !== undefined && this.#output.isTTY) this.#output.write('\r\x1b[K');
    this.#text = undefined;
  }

  [Symbol.dispose](): void {
    this.clear();
    clearInterval(this.#timer);
  }

  #draw(): void {
    if (this.#text !== undefined) this.#output.write(`\r\x1b[K${this.#line(this.#text)}`);
  }

  #print(): void {
    if (this.#text !== undefined) this.#output.write(`${this.#line(this.#text)}\n`);
  }

  #line(text: string): string {
    const elapsedMs = performance.now() - this.#since;
    const line = `  ${text}${elapsedMs < 1_000 ? '' : `  ${formatDuration(elapsedMs)}`} …`;
    // A line that wraps could not be replaced.
    return line.slice(0, Math.max(20, (this.#output.columns ?? 200) - 1));
  }
}
