import { ProblemError } from '../api/problems.ts';
import { AtlanError } from './answers.ts';

/**
 * The failure of a source as Ferry's own routes answer it.
 *
 * @returns undefined for what is no failure of a source
 */
export function sourceProblem({
  class: name,
  message: said,
  hint = '',
}: {
  class: string;
  message: string;
  hint?: string | undefined;
}): ProblemError | undefined {
  const message = `${said} ${hint}`.trim();
  switch (name) {
    case 'QueryError':
    case 'ExactnessError':
      return new ProblemError(422, message, { members: { errors: [{ path: 'body.query', message }] } });
    case 'DeadlineError':
    case 'CancelledError':
      return new ProblemError(504, message);
    case 'AuthError':
    case 'AccessError':
    case 'ConfigError':
    case 'SourceUnavailableError':
    case 'StackUnavailableError':
      return new ProblemError(502, message);
    default:
      return undefined;
  }
}

/** A refusal in the form of Atlan's API, in that of Ferry's own, whose body names the source as `source`. */
export function ofAtlanError({ status, message, fields, headers }: AtlanError): ProblemError {
  const errors = (fields ?? []).map(({ loc, msg }) => ({
    path: loc.join('.').replace('body.credential_guid', 'body.source'),
    message: msg,
  }));
  const known = status === 500 || status === 502 || status === 503 || status === 504 ? status : 422;
  return new ProblemError(known, message.replace('credential_guid', 'source'), {
    headers: { ...headers },
    ...(errors.length === 0 ? {} : { members: { errors } }),
  });
}

/** Whatever was thrown while a source was asked, as Ferry's own routes answer it. */
export function asSourceProblem(
  thrown: unknown,
  error: { class: string; message: string; hint?: string | undefined },
): unknown {
  return thrown instanceof AtlanError ? ofAtlanError(thrown) : (sourceProblem(error) ?? thrown);
}
