import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NoConnectionLeftError, SourceUnavailableError } from '../../errors.ts';
import { sleep } from '../../sleep.ts';
import type { SourceSession } from '../../source/sessions/session.ts';
import { SourceEngine } from '../../source/sessions/source-engine.ts';
import { askIn, type CatalogSessionOptions, openCatalogSession } from './open-catalog-session.ts';

/**
 * The server, or something on the way to it, may have closed a connection that was idle for this long, so it is tested
 * first.
 */
const FRESH_MS = 1_000;

/** The pauses between tries to open a session after another one was closed, in ms: about three seconds in all. */
const CLOSING_WAITS_MS = [50, 100, 200, 400, 800, 1_500];

/** One database of a source. */
export type DatabasePlace = Pick<CatalogSessionOptions, 'source' | 'login'>;

/** A session, and a folder for it alone. The caller closes the session and removes the folder. */
export interface CatalogSession {
  session: SourceSession;
  folder: string;
}

interface Ahead {
  login: DatabasePlace['login'];
  opening: Promise<CatalogSession>;
  openedAt: number;
}

/**
 * The sessions in which databases are read one after another, all on one DuckDB. The connection to the next database
 * can be opened while one is being read; its transaction, and so its snapshot, begins later, when its turn comes.
 */
export class CatalogSessions implements AsyncDisposable {
  readonly engine: SourceEngine;
  readonly #options: Omit<CatalogSessionOptions, 'source' | 'login' | 'engine'>;
  #opened = 0;
  #ahead: Ahead | undefined;

  /** @param options.folder in which each session gets its own folder */
  constructor(options: Omit<CatalogSessionOptions, 'source' | 'login' | 'engine'>) {
    this.#options = options;
    // One thread: an answer arrives as one stream, and with more threads DuckDB's client spins while it waits for the
    // source.
    this.engine = new SourceEngine({ ...options, folder: join(options.folder, 'engine'), threads: 1 });
  }

  /** The folder of all files of these sessions. */
  get folder(): string {
    return this.#options.folder;
  }

  /** Signs in to a database, unless that was done ahead. */
  async open(place: DatabasePlace): Promise<CatalogSession> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead && isSame(ahead.login, place.login)) {
      const opened = await takeOver(ahead);
      if (opened) return opened;
    } else if (ahead) {
      await discard(ahead);
    }
    return this.#openAfterAnother(place);
  }

  /**
   * The server may count the session before for a moment after it was closed: a login with one connection waits for it.
   */
  async #openAfterAnother(place: DatabasePlace): Promise<CatalogSession> {
    for (const waitMs of CLOSING_WAITS_MS) {
      try {
        return await this.#open(place);
      } catch (error) {
        if (!(error instanceof NoConnectionLeftError)) throw error;
      }
      await sleep(waitMs, this.#options.signal);
    }
    return this.#open(place);
  }

  /**
   * Begins to sign in to the next database. A source with tokens is not opened ahead, because each token is made as
   * late as possible.
   */
  openAhead(place: DatabasePlace): void {
    if (this.#ahead || typeof place.login.password !== 'string') return;
    const ahead = { login: place.login, opening: this.#open(place), openedAt: performance.now() };
    // A failure is reported when this session's turn comes.
    ahead.opening.catch(() => {});
    this.#ahead = ahead;
  }

  /** Discards the session that was opened ahead. */
  async leave(): Promise<void> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead) await discard(ahead);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
    await this.engine[Symbol.asyncDispose]();
  }

  async #open(place: DatabasePlace): Promise<CatalogSession> {
    this.#opened += 1;
    const folder = join(this.#options.folder, `session-${this.#opened}`);
    try {
      const { source, login } = place;
      const session = await openCatalogSession({
        ...this.#options,
        source,
        login,
        folder,
        engine: this.engine,
      });
      return { session, folder };
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }
}

const isSame = (one: Ahead['login'], other: Ahead['login']) =>
  one.host === other.host &&
  one.port === other.port &&
  one.username === other.username &&
  one.password === other.password &&
  one.database === other.database &&
  one.databaseBytes === other.databaseBytes;

/**
 * The session that was opened ahead, if it can be used.
 *
 * @throws the errors that are final: a refused login is not tried a second time
 */
async function takeOver(ahead: Ahead): Promise<CatalogSession | undefined> {
  let opened: CatalogSession;
  try {
    opened = await ahead.opening;
  } catch (error) {
    // Perhaps there was no room for a second connection.
    if (error instanceof SourceUnavailableError) return undefined;
    throw error;
  }
  if (performance.now() - ahead.openedAt < FRESH_MS) return opened;
  try {
    await askIn(opened.session)('SELECT 1 AS alive');
    return opened;
  } catch {
    await close(opened);
    return undefined;
  }
}

async function discard({ opening }: Ahead): Promise<void> {
  const opened = await opening.catch(() => undefined);
  if (opened) await close(opened);
}

async function close({ session, folder }: CatalogSession): Promise<void> {
  session.close();
  await rm(folder, { recursive: true, force: true });
}
