import type { AskSource, Dialect, PrintedTable } from '../dialect.ts';
import type { SessionHost } from './session-host.ts';
import type { Reading, SessionOptions } from './session-options.ts';
import { traceStatement } from './trace-statement.ts';

// The connection string is fixed when the source is attached: a connection opened later would use an expired token.
const TOKENS_END = 'its tokens expire, so one connection is kept for the whole run';

const IN_ONE_PART = 'the client read it in one part';

/** How many connections a run may open, unless the source says it. */
export const DEFAULT_CONNECTIONS = 4;

/** The most connections of a scan: one begins, and each thread may have another one. */
const scanConnections = ({ source, threads }: SessionOptions) =>
  Math.min(threads + 1, source.maxConnections ?? DEFAULT_CONNECTIONS);

/** How a session's DuckDB scans a table: over one connection, or over several where they provably share a snapshot. */
export class TableReading {
  readonly #dialect: Dialect;
  readonly #host: SessionHost;
  readonly #options: SessionOptions;
  #reading: Reading = { mode: 'single' };

  constructor(dialect: Dialect, host: SessionHost, options: SessionOptions) {
    this.#dialect = dialect;
    this.#host = host;
    this.#options = options;
  }

  get reading(): Reading {
    return this.#reading;
  }

  /** Whether several connections may be opened: they are asked for, and their password does not expire. */
  get mayBeParallel(): boolean {
    const { login, parallel } = this.#options;
    return typeof login.password === 'string' && parallel !== undefined && parallel !== false;
  }

  /** Allows several connections where they may be opened; before the source is attached. */
  async configure(): Promise<void> {
    if (!this.mayBeParallel) return;
    for (const setting of this.#dialect.parallel?.settings(scanConnections(this.#options)) ?? [])
      await this.#host.connection.run(setting);
  }

  /**
   * Opens all connections, or goes back to one; before the session is locked down.
   *
   * @param isSmall whether the client would read the table in one part anyway
   */
  async prepare(isSmall: boolean): Promise<void> {
    if (this.mayBeParallel) this.#reading = await this.#open(isSmall);
    else if (this.#options.parallel) this.#reading = { mode: 'single', reason: TOKENS_END };
  }

  async #open(isSmall: boolean): Promise<Reading> {
    const { parallel, serverFacts } = this.#dialect;
    if (!parallel) return { mode: 'single' };
    const prepare = () =>
      parallel.prepare(() => this.#host.connect(), scanConnections(this.#options), serverFacts);
    const reason = isSmall ? IN_ONE_PART : await traceStatement('prepare', this.#options, prepare);
    if (reason === undefined) return { mode: 'parallel' };
    // One stream needs one thread; others would only wait for it, and keep a processor busy.
    for (const setting of [...parallel.fallBack, 'SET threads=1']) await this.#host.connection.run(setting);
    return { mode: 'single', reason };
  }

  /**
   * Goes back to one connection for a table that several could read differently.
   *
   * @param run runs DuckDB's SQL in the locked session
   */
  async chooseFor(
    table: PrintedTable,
    ask: AskSource,
    run: (sql: string) => Promise<unknown>,
  ): Promise<void> {
    const { parallel } = this.#dialect;
    if (!parallel || this.#reading.mode === 'single') return;
    const reason = await parallel.findTableObstacle(ask, table);
    if (reason === undefined) return;
    await run(parallel.fallBackLate);
    this.#reading = { mode: 'single', reason };
  }

  /**
   * How the table was read in the end: not all parallel reads stay parallel.
   *
   * @returns undefined when connections have read different snapshots, so that the result is of no use
   */
  async verify(): Promise<Reading | undefined> {
    if (this.#reading.mode === 'single') return this.#reading;
    const how = await this.#dialect.parallel?.verify(this.#host.connection);
    if (how === 'shared') return this.#reading;
    return how === 'alone' ? { mode: 'single', reason: IN_ONE_PART } : undefined;
  }
}
