import { PolyteiaRejectedError, PolyteiaUnavailableError } from '../../errors.ts';
import { TOO_LARGE, tooLargeHint } from '../upload-format.ts';
import type { PolyteiaConnection } from './connection.ts';
import type { HttpAnswer } from './http.ts';
import { isPageInFront } from './upload-answer.ts';

/**
 * Errors that both generations of the API share. Their messages are Ferry's own; only {@link quoteWords} adds
 * Polyteia's.
 */
export interface AnswerErrors {
  /** @param what continues "Polyteia at <host> …" */
  unavailable(what: string, answer?: Pick<HttpAnswer, 'retryAfterMs'>): PolyteiaUnavailableError;
  /** For an answer of another form. If it is a web page, it says so. */
  notUnderstood(call: string, answer: HttpAnswer): PolyteiaUnavailableError;
  /** For a web page instead of an answer. */
  webPage(call: string): PolyteiaUnavailableError;
  /** For a status that may pass on its own. */
  busy(answer: HttpAnswer): PolyteiaUnavailableError;
  keyRefused(): PolyteiaRejectedError;
  /** For a refusal that is not Polyteia's own. @param call continues "refused …" */
  refusedInFront(call: string, status: number): PolyteiaRejectedError;
}

/**
 * @param connection.host host and port of Polyteia
 * @param connection.keyOrigin where the personal access key comes from, for people
 */
export function createAnswerErrors({
  host,
  keyOrigin,
}: Pick<PolyteiaConnection, 'host' | 'keyOrigin'>): AnswerErrors {
  const unavailable: AnswerErrors['unavailable'] = (what, answer) =>
    new PolyteiaUnavailableError(`Polyteia at ${host} ${what}.`, {
      hint: "Usually temporary; see Polyteia's status page.",
      retryAfterMs: answer?.retryAfterMs,
    });
  const webPage: AnswerErrors['webPage'] = (call) =>
    new PolyteiaUnavailableError(
      `Something in front of Polyteia at ${host} answered ${call} with a web page, so the request may not have arrived.`,
      {
        hint: 'Check polyteia.<target>.baseUrl, and whether a proxy, a sign-in page or maintenance is in between.',
      },
    );
  return {
    unavailable,
    notUnderstood: (call, answer) =>
      isPageInFront(answer)
        ? webPage(call)
        : unavailable(`gave an answer to ${call} that cannot be understood`),
    webPage,
    busy: (answer) =>
      answer.status >= 300 && answer.status < 400
        ? new PolyteiaUnavailableError(
            `Polyteia at ${host} redirects to another address (HTTP status ${answer.status}), which Ferry does not follow.`,
            {
              hint: 'Set polyteia.<target>.baseUrl to the address itself; a sign-in page or maintenance in front of Polyteia redirects, too.',
            },
          )
        : unavailable(`answered with HTTP status ${answer.status}`, answer),
    keyRefused: () =>
      new PolyteiaRejectedError(`Polyteia at ${host} does not accept the personal access key.`, {
        hint: `It is wrong, revoked or expired: create a new one in Polyteia and put it into ${keyOrigin}.`,
      }),
    refusedInFront: (call, status) =>
      new PolyteiaRejectedError(
        `Something in front of Polyteia at ${host} refused ${call} (HTTP status ${status}).`,
        {
          hint:
            status === TOO_LARGE
              ? tooLargeHint
              : 'Check polyteia.<target>.baseUrl, and whether a proxy or firewall lets the request through.',
        },
      ),
  };
}

/** Whether the next try may get another status. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** Polyteia's own sentence, on one line and without keys. Never use it for answers that may quote a file. */
export function quoteWords(words: string | undefined, secrets: readonly string[]): string {
  let text = words ?? '';
  for (const secret of secrets) text = text.replaceAll(secret, '***');
  text = text
    .replaceAll(/pak_[\w-]+/g, '***')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 200);
  return text === '' ? '' : ` Polyteia says: ${text}`;
}
