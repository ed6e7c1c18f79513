import type { DocumentStore } from '../../runs/documents/document-store.ts';
import { type Clock, realClock } from '../../sleep.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { formatDuration } from '../../text/format.ts';

export interface StoreClockOptions {
  documents: Pick<DocumentStore, 'now'>;
  logger: Logger;
  /** The clock of this machine. @default the real one */
  clock?: Clock | undefined;
  /** A clock that nobody can change, in ms. @default performance.now */
  monotonic?: () => number;
}

// Answers take time, and S3 says it to the second; clocks that are kept right differ by far less.
const TOLERATED_MS = 30_000;
// As often as the watchdog looks.
const COMPARE_MS = 5 * 60_000;
// A slow answer says little about the time, and the schedules wait for it.
const SLOW_MS = 5_000;

/**
 * The time that replicas agree on: that of this machine, as long as it is also that of the store; else that of the
 * store, which decides about leases too. So no replica starts a job an hour early because its machine's clock is wrong.
 */
export class StoreClock implements Clock {
  readonly #options: StoreClockOptions;
  readonly #clock: Clock;
  readonly #monotonic: () => number;
  #offsetMs = 0;
  #comparedAt = Number.NEGATIVE_INFINITY;
  /** What the machine's clock was ahead of the one that nobody can change, when it was compared. */
  #drift = 0;

  constructor(options: StoreClockOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#monotonic = options.monotonic ?? (() => performance.now());
  }

  readonly now = (): number => this.#clock.now() + this.#offsetMs;

  readonly sleep: Clock['sleep'] = (ms, signal) => this.#clock.sleep(ms, signal);

  /** Compares the clocks, if that was long ago or the machine's was changed. Never rejects. */
  async compare(): Promise<void> {
    const asked = this.#monotonic();
    const isChanged = Math.abs(this.#clock.now() - asked - this.#drift) > TOLERATED_MS;
    if (!isChanged && asked - this.#comparedAt < COMPARE_MS) return;
    const theirs = await this.#askStore();
    const answered = this.#monotonic();
    const own = this.#clock.now();
    this.#comparedAt = answered;
    this.#drift = own - answered;
    if (theirs === undefined || answered - asked > SLOW_MS) return;
    const differenceMs = Math.round(theirs - own + (answered - asked) / 2);
    if (Math.abs(differenceMs - this.#offsetMs) <= TOLERATED_MS) return;
    this.#offsetMs = Math.abs(differenceMs) <= TOLERATED_MS ? 0 : differenceMs;
    this.#tell();
  }

  async #askStore(): Promise<number | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), SLOW_MS);
    });
    // An unreachable store is reported elsewhere.
    const asked = this.#options.documents.now().catch(() => undefined);
    return Promise.race([asked, late]).finally(() => clearTimeout(timer));
  }

  #tell(): void {
    const { logger } = this.#options;
    const by = formatDuration(Math.abs(this.#offsetMs));
    const where = this.#offsetMs < 0 ? 'ahead of' : 'behind';
    if (this.#offsetMs === 0) logger.info('the clock of this machine and that of the state agree again');
    else
      logger.warn(
        `the clock of this machine is ${by} ${where} that of the state: schedules follow the state’s. Set this machine’s clock`,
      );
  }
}
