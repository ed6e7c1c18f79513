import { type FerryError, QueryError, SourceUnavailableError } from '../errors.ts';
import type { Login } from './credentials.ts';
import type { SourcePhase } from './dialect.ts';

/** What an engine's messages look like, and what a person is told instead: the first that fits counts. */
export interface ErrorPatterns {
  /** Refusals at the door. */
  connect: readonly {
    pattern: RegExp;
    make: (at: string, user: string, database: string) => FerryError;
  }[];
  /** While rows are read: messages that name a cause without repeating data. What is not listed is told by its kind alone. */
  read: readonly { pattern: RegExp; make: () => FerryError }[];
  /** A connection that broke, in whatever phase. */
  broken: RegExp;
  /** Before a row is read: of the query itself, or of a statement that Ferry made of it. */
  explainDescribe: (message: string, phase: 'describe' | 'wrap') => FerryError;
}

/** What a pattern of the read phase makes of a message; undefined when none fits. */
export function explainByPattern(message: string, patterns: ErrorPatterns['read']): FerryError | undefined {
  return patterns.find(({ pattern }) => pattern.test(message))?.make();
}

/** Reduces a message of one of DuckDB's clients to a class and to words that hold no secret and no data value. */
export function explainSourceError(
  patterns: ErrorPatterns,
  message: string,
  phase: SourcePhase,
  login: Login,
): FerryError {
  const at = `${login.host}:${login.port}`;
  if (phase === 'connect') {
    const known = patterns.connect.find(({ pattern }) => pattern.test(message));
    if (known) return known.make(at, login.username, login.database);
    return new SourceUnavailableError(`The source at ${at} cannot be reached, or broke off the connection.`, {
      hint: 'Check host, port, security groups and routes.',
    });
  }
  if ((phase === 'describe' || phase === 'wrap') && !patterns.broken.test(message))
    return patterns.explainDescribe(message, phase);
  return (
    explainByPattern(message, patterns.read) ??
    new QueryError('The query failed at the source while it was read.')
  );
}
