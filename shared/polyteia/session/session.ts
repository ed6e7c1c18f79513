import * as z from 'zod';
import { type FerryError, PolyteiaRejectedError } from '../../errors.ts';
import { createAnswerErrors, isTransient } from '../http/answer-errors.ts';
import type { PolyteiaConnection } from '../http/connection.ts';
import type { HttpAnswer } from '../http/http.ts';
import { parseJson } from '../http/parse-json.ts';

/** A session in exchange for a personal access key: opened when first needed, renewed before it expires. */
export interface PolyteiaSession {
  /** Opens or renews it if necessary. @throws PolyteiaRejectedError, PolyteiaUnavailableError */
  open(signal?: AbortSignal): Promise<void>;
  /** Sends a request with the session's Authorization, and once more with a new session if this one is refused. */
  send(request: (authorization: string) => Promise<HttpAnswer>, signal?: AbortSignal): Promise<HttpAnswer>;
}

// A session that expires during a request would make it fail.
const RENEW_BEFORE_MS = 60_000;

const exchanged = z.looseObject({
  json: z.looseObject({
    token: z.string().regex(/^[\x21-\x7e]+$/),
    expiresAt: z.string().refine((text) => !Number.isNaN(Date.parse(text))),
  }),
});

/** @param options.key the personal access key, which only goes into the body of the exchange */
export function createSession(options: {
  connection: PolyteiaConnection;
  key: string;
  /** Id (`org_…`) or slug. */
  organization: string;
  /** @default Date.now */
  now?: (() => number) | undefined;
}): PolyteiaSession {
  const { connection, key, organization, now = Date.now } = options;
  const errors = createAnswerErrors(connection);
  let current: { token: string; expiresAt: number } | undefined;

  async function getToken(signal: AbortSignal | undefined): Promise<string> {
    if (current && current.expiresAt - now() >= RENEW_BEFORE_MS) return current.token;
    const whose = organization.startsWith('org_')
      ? { organizationId: organization }
      : { organizationSlug: organization };
    const answer = await connection.send('/rpc/auth/personalAccessKey/exchange', {
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ json: { key, ...whose } }),
      signal,
    });
    if (answer.status < 200 || answer.status > 299) throw refused(answer);
    const parsed = exchanged.safeParse(parseJson(answer.text));
    if (!parsed.success) throw errors.notUnderstood('the exchange of the personal access key', answer);
    const { token, expiresAt } = parsed.data.json;
    current = { token, expiresAt: Date.parse(expiresAt) };
    return token;
  }

  function refused(answer: HttpAnswer): FerryError {
    const { status } = answer;
    if (status === 401) return errors.keyRefused();
    if (isTransient(status) || status < 400) return errors.busy(answer);
    if (parseJson(answer.text) === undefined)
      return errors.refusedInFront('the exchange of the personal access key', status);
    if (status === 403) {
      return new PolyteiaRejectedError(
        `Polyteia at ${connection.host} does not allow this personal access key in organization ${organization}.`,
        {
          hint: 'Its user must be a licensed member of the organization, and the organization must allow personal access keys.',
        },
      );
    }
    if (status === 404) {
      return new PolyteiaRejectedError(
        `Polyteia at ${connection.host} has no organization ${organization}, or this personal access key does not belong to it.`,
        {
          hint: "Set polyteia.<target>.organization to the organization's id (org_…) or slug, and check baseUrl.",
        },
      );
    }
    // This answers a request that contained the key, so none of it is repeated.
    return new PolyteiaRejectedError(
      `Polyteia at ${connection.host} refused to exchange the personal access key for a session of organization ${organization} (HTTP status ${status}).`,
      { hint: 'Check polyteia.<target>: organization, baseUrl, and the key in the secret of token.' },
    );
  }

  return {
    async open(signal) {
      await getToken(signal);
    },
    async send(request, signal) {
      const answer = await request(`Bearer ${await getToken(signal)}`);
      if (answer.status !== 401) return answer;
      // It expired earlier than announced, or the clocks differ. The exchange decides whether the key itself is valid.
      current = undefined;
      return request(`Bearer ${await getToken(signal)}`);
    },
  };
}
