import type { Hook } from '@hono/zod-openapi';
import type { Context, ErrorHandler, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { z } from 'zod';
import { nearestName } from '../config/nearest-name.ts';
import { StateError, toFerryError } from '../errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { printableMessage } from '../text/printable.ts';
import type { ApiEnvironment } from './dependencies.ts';
import type { Problem } from './schemas.ts';

const titles = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Body too large',
  415: 'Unsupported media type',
  422: 'Unprocessable content',
  500: 'The request failed',
  502: 'The source could not answer',
  503: 'Unavailable',
  504: 'The source takes too long',
} as const;
type ProblemStatus = keyof typeof titles;

/** A request that the API refuses. The message becomes the answer's `detail`. */
export class ProblemError extends Error {
  readonly status: ProblemStatus;
  readonly headers: Readonly<Record<string, string>>;
  /** Further members of the answer. */
  readonly members: Pick<Problem, 'errors' | 'runId'>;

  constructor(
    status: ProblemStatus,
    detail: string,
    options: { headers?: Record<string, string>; members?: Pick<Problem, 'errors' | 'runId'> } = {},
  ) {
    super(printableMessage(detail));
    this.status = status;
    this.headers = options.headers ?? {};
    this.members = options.members ?? {};
  }
}

/** Nothing has this name; suggests the nearest one that exists. */
export function unknownName(kind: string, name: string, names: readonly string[] = []): ProblemError {
  const nearest = nearestName(name, names);
  return new ProblemError(
    404,
    `There is no ${kind} "${name}"${nearest === undefined ? '.' : `; did you mean "${nearest}"?`}`,
  );
}

/** The answer to a start of a job that has a run under way. */
export function runUnderWay(job: string, runId: string): ProblemError {
  return new ProblemError(409, `Run ${runId} of ${job} is under way; wait until it ends, or cancel it.`, {
    members: { runId },
  });
}

/** Of every answer: it is for its caller, and for now. */
export const PRIVATE_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** Gives every answer of an API these headers. */
export const keepPrivate: MiddlewareHandler = async (context, next) => {
  await next();
  for (const [name, value] of Object.entries(PRIVATE_HEADERS)) context.res.headers.set(name, value);
};

/** The answer to an error, as in RFC 9457. */
export function answerProblem({ status, message, headers, members }: ProblemError): Response {
  const body: Problem = { type: 'about:blank', title: titles[status], status, detail: message, ...members };
  return Response.json(body, {
    status,
    headers: { ...PRIVATE_HEADERS, ...headers, 'content-type': 'application/problem+json' },
  });
}

/** Refuses a request that does not match the route's schemas. */
export const refuseInvalid: Hook<unknown, ApiEnvironment, string, Response | undefined> = (result) => {
  if (result.success) return undefined;
  const part = { param: 'path', json: 'body', header: 'header' }[result.target as string] ?? result.target;
  const errors = (result.error as z.ZodError).issues.map(({ path, message }) => ({
    path: [part, ...path.map(String)].join('.'),
    message,
  }));
  const detail = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return answerProblem(new ProblemError(400, detail, { members: { errors } }));
};

/** Answers whatever was thrown. An unexpected error is logged, and the answer does not mention it. */
export function problemHandler(logger: Logger): ErrorHandler {
  return (thrown, context: Context) => {
    if (thrown instanceof ProblemError) return answerProblem(thrown);
    if (thrown instanceof HTTPException && thrown.status === 400) {
      const members = { errors: [{ path: 'body', message: 'expected JSON' }] };
      return answerProblem(new ProblemError(400, 'body: expected JSON', { members }));
    }
    const error = toFerryError(thrown);
    logger.error({ class: error.class, method: context.req.method, path: context.req.path }, error.message);
    // Where it happened and what to do about it only helps people who have access to the machine.
    if (error instanceof StateError)
      return answerProblem(new ProblemError(500, [error.message, error.hint ?? ''].join(' ').trim()));
    return answerProblem(
      error.retryable
        ? new ProblemError(503, 'Ferry cannot reach its state store; see its log.', {
            headers: { 'retry-after': '5' },
          })
        : new ProblemError(500, 'Ferry could not answer; see its log.'),
    );
  };
}
