import type { Context } from 'hono';
import type { ApiEnvironment } from '../api/dependencies.ts';
import { PRIVATE_HEADERS, ProblemError } from '../api/problems.ts';
import { isDenial, StateError, toFerryError } from '../errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { printableMessage } from '../text/printable.ts';

/**
 * Answers in the form of Atlan's app: the fields of its errors (`success`, `error`, `details`, and `detail` for a wrong
 * body), with the status that fits.
 */

const summaries = {
  401: 'Authentication failed.',
  403: 'Forbidden.',
  404: 'Not found.',
  405: 'Method not allowed.',
  409: 'Conflict.',
  413: 'The body is too large.',
  415: 'Unsupported media type.',
  422: 'The request cannot be processed.',
  500: 'An internal error has occurred.',
  502: 'The database cannot be reached.',
  503: 'Unavailable.',
  504: 'The database takes too long.',
} as const;
type AtlanStatus = keyof typeof summaries;

/** What is wrong with a field of the body, as FastAPI writes it, but never with its value. */
export interface FieldProblem {
  loc: (string | number)[];
  msg: string;
  type: string;
}

/** A request that is refused. */
export class AtlanError extends Error {
  readonly status: AtlanStatus;
  readonly fields: readonly FieldProblem[] | undefined;
  readonly data: object | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: AtlanStatus,
    details: string,
    options: { fields?: readonly FieldProblem[]; data?: object; headers?: Record<string, string> } = {},
  ) {
    super(printableMessage(details));
    this.status = status;
    this.fields = options.fields;
    this.data = options.data;
    this.headers = options.headers ?? {};
  }
}

/** Fields of the body that are wrong. */
export function wrongBody(fields: readonly FieldProblem[]): AtlanError {
  const details = fields.map(({ loc, msg }) => `${loc.slice(1).join('.') || 'body'}: ${msg}`).join('; ');
  return new AtlanError(422, details, { fields });
}

/** One wrong field. @param path from the top of the body */
export function wrongField(
  path: readonly (string | number)[],
  msg: string,
  type = 'value_error',
): AtlanError {
  return wrongBody([{ loc: ['body', ...path], msg, type }]);
}

/** The answer to an error. */
export function answerError({ status, message, fields, data, headers }: AtlanError): Response {
  return Response.json(
    {
      success: false,
      error: summaries[status],
      details: message,
      message,
      ...(fields ? { detail: fields } : {}),
      ...(data ? { data } : {}),
    },
    { status, headers: { ...PRIVATE_HEADERS, ...headers } },
  );
}

const statusOfClass: Readonly<Record<string, AtlanStatus>> = {
  AuthError: 401,
  AccessError: 401,
  ConfigError: 422,
  SourceUnavailableError: 502,
  StackUnavailableError: 502,
  DeadlineError: 504,
  CancelledError: 504,
  QueryError: 502,
  StorageUnavailableError: 503,
  StateError: 500,
};

/** A failure of a source, as the caller sees it: without what only helps people who have access to the machine. */
export function refusalOf({
  class: name,
  message,
  hint,
  denied = false,
}: {
  class: string;
  message: string;
  hint?: string | undefined;
  /** Whether the login itself may be right. */
  denied?: boolean | undefined;
}): AtlanError {
  const status = denied ? 403 : (statusOfClass[name] ?? 500);
  const details =
    status === 500 ? 'Ferry could not answer; see its log.' : [message, hint ?? ''].join(' ').trim();
  if (status !== 401 && status !== 403) return new AtlanError(status, details);
  // The states that version 3 of Atlan's application SDK answers.
  const data = { status: name === 'AuthError' && !denied ? 'invalid_credentials' : 'failed' };
  return new AtlanError(status, details, { data });
}

/** Answers whatever was thrown. An unexpected error is logged, and the answer does not mention it. */
export function answerThrown(logger: Logger) {
  return (thrown: unknown, context: Context<ApiEnvironment>): Response => {
    if (thrown instanceof AtlanError) return answerError(thrown);
    if (thrown instanceof ProblemError) return answerError(ofProblem(thrown));
    const error = toFerryError(thrown);
    const { class: name, message, hint } = error;
    const answer = refusalOf({ class: name, message, hint, denied: isDenial(error) });
    if (answer.status >= 500)
      logger.error(
        { class: error.class, method: context.req.method, path: context.req.routePath },
        error.message,
      );
    if (error instanceof StateError)
      return answerError(new AtlanError(500, [error.message, error.hint ?? ''].join(' ').trim()));
    return answerError(answer);
  };
}

/** What Ferry's own routes refuse. */
function ofProblem({ status, message, headers, members }: ProblemError): AtlanError {
  const known = status in summaries ? (status as AtlanStatus) : 422;
  const data = members.runId === undefined ? {} : { data: { run_id: members.runId } };
  return new AtlanError(known, message, { headers: { ...headers }, ...data });
}
