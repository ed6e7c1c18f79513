import { type FerryError, QueryError, RefusedLoginError, SourceUnavailableError } from '../errors.ts';
import type { Login } from './credentials.ts';
import type { SourcePhase } from './dialect.ts';

/** What an engine's messages look like, and what a person is told instead: the first that fits counts. */
export interface ErrorPatterns {
  /** Refusals at the door. */
  connect: readonly {
    pattern: RegExp;
    make: (at: string, user: string, database: string) => FerryError;
  }[];
  /** What ends a connection or a transaction from outside, in any phase. */
  interruptions: ErrorPatterns['read'];
  /** While rows are read: messages that name a cause without repeating data. What is not listed is told by its kind alone. */
  read: readonly { pattern: RegExp; make: () => FerryError }[];
  /** A connection that broke, in whatever phase. */
  broken: RegExp;
  /** A connection that could not be made for a statement, after others of the session had been. */
  notMade?: RegExp;
  /** What a message repeats of Ferry's own words, at its end. */
  echo?: RegExp;
  /** Before a row is read. */
  explainDescribe: (message: string) => FerryError;
}

/** What a pattern of the read phase makes of a message; undefined when none fits. */
export function explainByPattern(message: string, patterns: ErrorPatterns['read']): FerryError | undefined {
  return patterns.find(({ pattern }) => pattern.test(message))?.make();
}

/** Reduces a message of one of DuckDB's clients to a class and to words that hold no secret and no data value. */
export function explainSourceError(
  patterns: ErrorPatterns,
  raw: string,
  phase: SourcePhase,
  login: Login,
): FerryError {
  const message = patterns.echo ? raw.replace(patterns.echo, '') : raw;
  const at = `${login.host}:${login.port}`;
  if (phase !== 'connect' && patterns.notMade?.test(message)) {
    const error = explainSourceError(patterns, message, 'connect', login);
    // The session's first connection was let in: the secret is read again by the next try.
    if (!(error instanceof RefusedLoginError)) return error;
    return new SourceUnavailableError(
      `The source at ${at} let user "${login.username}" in, and refused a further connection.`,
      { hint: 'A password that was changed meanwhile does that, and a token that ended.' },
    );
  }
  if (phase === 'connect') {
    const known = patterns.connect.find(({ pattern }) => pattern.test(message));
    if (known) return known.make(at, login.username, login.database);
    const interrupted = explainByPattern(message, patterns.interruptions);
    if (interrupted) return interrupted;
    return new SourceUnavailableError(`The source at ${at} cannot be reached, or broke off the connection.`, {
      hint: 'Check host, port, security groups and routes.',
    });
  }
  if (phase === 'describe' && !patterns.broken.test(message)) return patterns.explainDescribe(message);
  return (
    explainByPattern(message, patterns.read) ??
    new QueryError('The query failed at the source while it was read.')
  );
}
