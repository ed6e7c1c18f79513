import type { DuckDBConnection } from '@duckdb/node-api';
import { FerryError, RefusedLoginError } from '../../errors.ts';
import { explainLaterRefusal } from '../credentials/refused-login.ts';
import type { Dialect } from '../dialect.ts';
import type { SourcePhase } from '../error-patterns.ts';
import { explainExhausted, explainSourceError } from '../explain-error.ts';
import { hasRolledBack, rejectWhenAborted, rejectWhenSilent } from './give-up.ts';
import type { SessionHost } from './session-host.ts';
import type { SessionOptions } from './session-options.ts';
import { traceStatement } from './trace-statement.ts';

/**
 * Runs the statements of one session, and reduces an engine's message to a FerryError.
 *
 * An abort cancels the running statement at the source, because DuckDB does not notice an interrupt while its client
 * waits for an answer. If the source does not react to that either, the statement is abandoned: nobody waits for it.
 */
export class StatementRunner {
  readonly #dialect: Dialect;
  readonly #options: SessionOptions;
  readonly #host: SessionHost;
  readonly #connection: DuckDBConnection;
  readonly #cancel: () => Promise<void>;
  #running = 0;
  #abandoned = false;

  /** @param cancel cancels the running statements at the source */
  constructor(dialect: Dialect, options: SessionOptions, host: SessionHost, cancel: () => Promise<void>) {
    this.#dialect = dialect;
    this.#options = options;
    this.#host = host;
    this.#connection = host.connection;
    this.#cancel = cancel;
  }

  /** An abandoned statement is still running: closing would wait for it. */
  get isAbandoned(): boolean {
    return this.#abandoned;
  }

  get isRunning(): boolean {
    return this.#running > 0;
  }

  /**
   * Runs a statement that talks to the source, in a span.
   *
   * @throws FerryError, with the engine's words only in its `cause`; the reason of the session's signal after an abort
   */
  run<T>(phase: SourcePhase, work: () => Promise<T>, name: string = phase): Promise<T> {
    return traceStatement(name, this.#options, () => this.runUntraced(phase, work));
  }

  /** As {@link run}, but in no span of its own: for the pieces of an answer. */
  async runUntraced<T>(phase: SourcePhase, work: () => Promise<T>): Promise<T> {
    const { signal, login } = this.#options;
    signal?.throwIfAborted();
    const ended = new AbortController();
    this.#running += 1;
    const running = work();
    const limits = [this.#abandonWhenAborted(ended.signal)];
    if (phase === 'connect') limits.push(this.#abandonWhenSilent(ended.signal));
    try {
      return await Promise.race([running, ...limits]);
    } catch (error) {
      signal?.throwIfAborted();
      const explained = error instanceof FerryError ? error : this.#explain(error, phase);
      if (phase === 'connect' || !(explained instanceof RefusedLoginError)) throw explained;
      throw await explainLaterRefusal(explained, login);
    } finally {
      this.#running -= 1;
      ended.abort();
      for (const promise of limits) promise.catch(() => {});
      if (this.#abandoned) this.#host.abandon(running);
      else running.catch(() => {});
    }
  }

  /** Ends a transaction that failed. It does not wait for a source that does not answer. */
  async rollBack(sql: string): Promise<void> {
    // An abandoned statement holds the connection.
    if (this.#abandoned) return;
    const rolling = this.#connection.run(sql);
    if (await hasRolledBack(rolling, this.#options.signal)) return;
    this.#abandoned = true;
    this.#host.abandon(rolling);
  }

  #abandonWhenSilent(ended: AbortSignal): Promise<never> {
    const { login, openingAnswerMs } = this.#options;
    return rejectWhenSilent(login, ended, { answerMs: openingAnswerMs, giveUp: () => this.#abandon() });
  }

  #abandonWhenAborted(ended: AbortSignal): Promise<never> {
    return rejectWhenAborted(this.#options.signal, ended, {
      // Until the statement has reached the source, DuckDB does notice an interrupt.
      interrupt: () => this.#connection.interrupt(),
      cancel: this.#cancel,
      giveUp: () => this.#abandon(),
    });
  }

  #abandon(): void {
    this.#abandoned = true;
  }

  #explain(error: unknown, phase: SourcePhase): Error {
    const whole = error instanceof Error ? error.message : String(error);
    const message = this.#dialect.reduceMessage?.(whole) ?? whole;
    const { login, ofCatalog } = this.#options;
    const exhausted = explainExhausted(error);
    if (exhausted) return exhausted;
    return Object.assign(explainSourceError(this.#dialect.errorPatterns, message, phase, login, ofCatalog), {
      cause: error,
    });
  }
}
