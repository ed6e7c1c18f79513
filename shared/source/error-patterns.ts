import type { FerryError } from '../errors.ts';

/**
 * The point at which the source spoke up; before `read`, its messages cannot hold a data value. In `describe` it speaks of a query as it
 * was written, in `wrap` of a statement that Ferry made of it: names and positions in it are not those of the query.
 */
export type SourcePhase = 'connect' | 'describe' | 'wrap' | 'read';

/** Why a server refuses a connection, in a form that does not depend on its language. */
export interface Refusal {
  /** SQLSTATE and the routine of the server that raised it, or the number of MySQL's error. */
  code: string;
  /** The server's words. */
  said: string;
}

/** What an engine's messages look like, and the message that replaces them: the first match counts. */
export interface ErrorPatterns {
  /** Refusals at the door. `codes`: of a {@link Refusal}. */
  connect: readonly {
    pattern: RegExp;
    codes?: RegExp;
    make: (at: string, user: string, database: string) => FerryError;
  }[];
  /** Codes of what may pass without anybody changing anything. */
  passingRefusals: RegExp;
  /** What the server itself said when it refused a connection, in whatever language; undefined when it has not answered. */
  saidByServer: (message: string) => string | undefined;
  /**
   * While rows are read: messages that name a cause without repeating data. Of any other message, only its kind is reported. `ofCatalog`: where
   * the question was one of Ferry's own, about the catalog.
   */
  read: readonly {
    pattern: RegExp;
    codes?: RegExp;
    make: () => FerryError;
    ofCatalog?: () => FerryError;
  }[];
  /** A connection that could not be opened, in whatever phase, by a client that opens several: as much of the message as counts. */
  connecting?: RegExp;
  /** A connection that broke, in whatever phase. */
  broken: RegExp;
  /** Before a row is read: of the query itself, or of a statement that Ferry made of it. */
  explainDescribe: (message: string, phase: 'describe' | 'wrap') => FerryError;
}
