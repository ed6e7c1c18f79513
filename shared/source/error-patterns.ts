import type { FerryError } from '../errors.ts';

/**
 * When the source reported the error. Before `read`, its messages cannot contain a data value. In `describe`, names and
 * positions are those of the query as it was written; in `wrap`, those of a statement that Ferry made from it.
 */
export type SourcePhase = 'connect' | 'describe' | 'wrap' | 'read';

/** Why a server refuses a connection, in a form that does not depend on its language. */
export interface Refusal {
  /** SQLSTATE and the server routine that raised it, or the number of MySQL's error. */
  code: string;
  /** The server's words. */
  said: string;
}

/** The form of an engine's messages, and what replaces them: the first match counts. */
export interface ErrorPatterns {
  /** Refusals at the door. `codes`: of a {@link Refusal}. */
  connect: readonly {
    pattern: RegExp;
    codes?: RegExp;
    /** @param said what the client or the server says */
    make: (at: string, user: string, database: string, said: string) => FerryError;
  }[];
  /** Codes of failures that may pass without anybody changing anything. */
  passingRefusals: RegExp;
  /** What the server itself said when it refused a connection, in any language; undefined if it has not answered. */
  saidByServer: (message: string) => string | undefined;
  /**
   * While rows are read: messages that name a cause without repeating data. Of any other message, only its kind is
   * reported. `ofCatalog`: where the question was one of Ferry's own, about the catalog.
   */
  read: readonly {
    pattern: RegExp;
    codes?: RegExp;
    make: () => FerryError;
    /** @param said absent where only the code is known */
    ofCatalog?: (said?: string) => FerryError;
  }[];
  /**
   * A connection that could not be opened, in any phase, by a client that opens several: the relevant part of the
   * message.
   */
  connecting?: RegExp;
  /** A connection that broke, in any phase. */
  broken: RegExp;
  /** A message without the statement that the client repeats in it, whose words are no reason. */
  withoutStatement?: (message: string) => string;
  /** Before a row is read: errors of the query itself, or of a statement that Ferry made from it. */
  explainDescribe: (message: string, phase: 'describe' | 'wrap') => FerryError;
}
