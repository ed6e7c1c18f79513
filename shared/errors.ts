import { tmpdir } from 'node:os';
import { printableMessage } from './text/printable.ts';

/**
 * The one list of error classes. The class decides what happens next: whether a try may be repeated, and which exit
 * code or HTTP status a person gets. Messages say what went wrong and where, `hint` what to do. Neither ever contains a
 * secret, a connection string or a data value. The engine's own message is in `cause`, which is never printed. Names
 * and words from elsewhere (Polyteia's, for example) are made printable here.
 */
export abstract class FerryError extends Error {
  /** The class's name in records, logs and docs/troubleshooting. It stays the same when the bundler renames classes. */
  abstract readonly class: string;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean = false;
  /** What the reader can do about it: one or more sentences, ready to print. */
  readonly hint: string | undefined;
  /** The same for callers of the API, who have no ferry.yaml. @default `hint` */
  readonly callerHint: string | undefined;
  /** How long the other side asked to wait before the next try. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: { cause?: unknown; hint?: string; callerHint?: string; retryAfterMs?: number | undefined } = {},
  ) {
    super(printableMessage(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint === undefined ? undefined : printableMessage(options.hint);
    this.callerHint = options.callerHint;
    this.retryAfterMs = options.retryAfterMs;
  }

  override get name(): string {
    return this.class;
  }
}

/** The configuration, or a secret that it names, is wrong. Nothing was tried. */
export class ConfigError extends FerryError {
  readonly class = 'ConfigError';
}

/** The source refused the login. */
export class AuthError extends FerryError {
  readonly class = 'AuthError';
}

/** The source refused the name, or the password or token itself: another one may work. */
export class RefusedLoginError extends AuthError {}

/** Whether a source may know the login, and does not let it in all the same, such as into one of its databases. */
export const isDenial = (error: unknown) =>
  error instanceof AuthError && !(error instanceof RefusedLoginError);

/** An error in words for callers of the API, if it has such. */
export const forCallers = (error: unknown): unknown =>
  error instanceof FerryError && error.callerHint !== undefined
    ? Object.assign(error, { hint: error.callerHint })
    : error;

/** The source refused the query, or the query failed while it ran. */
export class QueryError extends FerryError {
  readonly class = 'QueryError';
}

/** A column's values cannot be written without losing something. */
export class ExactnessError extends FerryError {
  readonly class = 'ExactnessError';
}

/** The result may not replace what the dataset contains. */
export class GuardError extends FerryError {
  readonly class = 'GuardError';
}

/** Polyteia understood the call and refused it: token, permission, dataset or file. */
export class PolyteiaRejectedError extends FerryError {
  readonly class = 'PolyteiaRejectedError';
}

/** The source cannot be reached, or the connection broke. */
export class SourceUnavailableError extends FerryError {
  readonly class = 'SourceUnavailableError';
  override readonly retryable: boolean = true;
}

/**
 * Somebody holds a lock of the source's catalog. Locks of this kind are short: it is tried again even where nothing
 * else is.
 */
export class LockedCatalogError extends SourceUnavailableError {}

/**
 * The source has no connection left for this login, or at all: one that was just closed may still count for a moment.
 */
export class NoConnectionLeftError extends SourceUnavailableError {}

/** The source accepts a connection, and nobody answers the login. */
export class UnansweredLoginError extends SourceUnavailableError {}

/** Polyteia, or something in front of it, does not answer as it should. */
export class PolyteiaUnavailableError extends FerryError {
  readonly class = 'PolyteiaUnavailableError';
  override readonly retryable = true;
}

/** Ferry's own state (the bucket, the state folder) or the working disk cannot be read or written. */
export class StorageUnavailableError extends FerryError {
  readonly class = 'StorageUnavailableError';
  override readonly retryable = true;
}

/**
 * A document of Ferry's own state exists and cannot be read: it is damaged, or from a later release. It never counts as
 * absent.
 */
export class StateError extends FerryError {
  readonly class = 'StateError';
}

/** The run is too big for its time or memory. */
export class DeadlineError extends FerryError {
  readonly class = 'DeadlineError';
}

/** The run was killed again and again at the same point. */
export class LostError extends FerryError {
  readonly class = 'LostError';
}

/** Another holder has the job's lease: this run must stop, and may not write anything more. */
export class LeaseLostError extends FerryError {
  readonly class = 'LeaseLostError';
}

/**
 * The run could not begin, because its source has no free slot. When it is delivered again, it keeps its place in the
 * queue.
 */
export class QueuedError extends FerryError {
  readonly class = 'QueuedError';
  override readonly retryable = true;
}

/** Another run of the job is under way. */
export class BusyError extends FerryError {
  readonly class = 'BusyError';
}

/** AWS, or the API of a stack, refuses the caller: no credentials, wrong ones, or a permission is missing. */
export class AccessError extends FerryError {
  readonly class = 'AccessError';
}

/** Nobody could be notified of a problem. The watchdog tries again in its next round. */
export class NotificationError extends FerryError {
  readonly class = 'NotificationError';
  override readonly retryable = true;
}

/** AWS, or the API of a stack, does not answer as it should. */
export class StackUnavailableError extends FerryError {
  readonly class = 'StackUnavailableError';
  override readonly retryable = true;
}

/** A person, or a signal, asked the run to stop. */
export class CancelledError extends FerryError {
  readonly class = 'CancelledError';
}

/**
 * The process that works on a run is about to end: the run goes back to the queue for another one, and no attempt is
 * lost.
 */
export class HandOverError extends FerryError {
  readonly class = 'HandOverError';
}

/** A pattern of a filter that is no regular expression. */
export class PatternError extends ConfigError {
  /** The filter in which it is. */
  readonly field: 'include' | 'exclude' | 'tempTableRegex';
  /** What it should be. */
  readonly language: 'Postgres regular expression' | 'regular expression (RE2)';

  constructor(
    { field, language }: Pick<PatternError, 'field' | 'language'>,
    message: string,
    options: ConstructorParameters<typeof ConfigError>[1] = {},
  ) {
    super(message, options);
    this.field = field;
    this.language = language;
  }
}

/** The server of a source is not the one that was configured, or does not encrypt: nothing was sent to it. */
export class UnverifiedServerError extends ConfigError {}

/** A defect in Ferry itself: anything that none of the other classes describes. */
export class UnexpectedError extends FerryError {
  readonly class = 'UnexpectedError';
}

/** The folder for temporary files has no room left. */
export function fullDiskError(
  cause: unknown,
  hint = `Free space in ${tmpdir()}, where a run keeps its result, or name another folder with TMPDIR. On Lambda, raise ephemeralStorage.`,
): StorageUnavailableError {
  return new StorageUnavailableError('The working disk is full.', { cause, hint });
}

/**
 * Turns whatever was thrown into a FerryError. The message of an unknown error is not passed on, because it may contain
 * secrets or data values; it stays in `cause`.
 */
export function toFerryError(error: unknown): FerryError {
  if (error instanceof FerryError) return error;
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === 'ENOSPC') {
    return fullDiskError(error);
  }
  const kind = error instanceof Error ? error.name : typeof error;
  return new UnexpectedError(`Ferry failed in an unexpected way (${code ? `${kind} ${code}` : kind}).`, {
    cause: error,
    hint: 'This is a defect in Ferry: please report it with the run record.',
  });
}
