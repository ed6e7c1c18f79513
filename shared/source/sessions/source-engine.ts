import type { DuckdbLimits } from '../../duckdb/duckdb-options.ts';
import {
  closeAfter,
  detachFrom,
  type InstanceNeeds,
  type PreparedInstance,
  prepareInstance,
  rollBackAfter,
  type SessionHost,
} from './session-host.ts';

/**
 * One DuckDB for many sessions, each with a connection and an attached database of its own: to make an instance takes
 * 30 ms of a processor, and to load an extension for the first time in a process 200, as its signature is checked. Its
 * sessions write no files. It cannot be closed off as a session's own instance is, as that takes no further database;
 * instead it has no file system at all, and its settings are locked. For statements of Ferry's own only.
 */
export class SourceEngine implements AsyncDisposable {
  readonly #limits: DuckdbLimits;
  readonly #opening = new Map<string, Promise<PreparedInstance>>();
  /** Databases that are being detached. */
  readonly #leaving = new Set<Promise<unknown>>();
  #attached = 0;
  #abandoned = false;

  /** Nothing is opened before the first session needs it. */
  constructor(limits: DuckdbLimits) {
    this.#limits = limits;
  }

  /** A connection for one session, and the name that it attaches its source as. */
  async host(needs: InstanceNeeds): Promise<SessionHost> {
    // Its own connection is for work that belongs to no session.
    const { instance, connection: control } = await this.#open(needs);
    // Sessions that have ended close their connections at the server before another one is opened.
    await Promise.all(this.#leaving);
    const connection = await instance.connect();
    this.#attached += 1;
    const name = `db${this.#attached}`;
    let left = false;
    return {
      connection,
      name,
      connect: () => instance.connect(),
      closeOff: async () => {},
      close: () => {
        if (left) return;
        left = true;
        const detaching = detachFrom(connection, needs.dialect, name);
        closeAfter(detaching, () => connection.closeSync());
        const leaving: Promise<unknown> = (detaching ?? control.run(`DETACH DATABASE IF EXISTS ${name}`))
          .catch(() => {})
          .finally(() => this.#leaving.delete(leaving));
        this.#leaving.add(leaving);
      },
      abandon: (running) => {
        if (left) return;
        left = true;
        this.#abandoned = true;
        void rollBackAfter(running, connection)
          .then(() => detachFrom(connection, needs.dialect, name))
          .then(() => connection.closeSync());
      },
    };
  }

  /** Call this when no session is open any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#leaving);
    if (this.#abandoned) return;
    for (const opening of this.#opening.values()) {
      const opened = await opening.catch(() => undefined);
      opened?.connection.closeSync();
      opened?.instance.closeSync();
    }
    this.#opening.clear();
  }

  #open(needs: InstanceNeeds): Promise<PreparedInstance> {
    const key = `${needs.extension} ${needs.mode}`;
    const known = this.#opening.get(key);
    if (known) return known;
    const opening = prepareInstance(this.#limits, needs).then(async (opened) => {
      await opened.connection.run("SET disabled_filesystems='LocalFileSystem'");
      await opened.connection.run('SET lock_configuration=true');
      return opened;
    });
    this.#opening.set(key, opening);
    opening.catch(() => this.#opening.delete(key));
    return opening;
  }
}
