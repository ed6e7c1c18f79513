import { ConfigError, NotificationError } from '../../errors.ts';
import { inSpan, markFailed } from '../../telemetry/in-span.ts';
import type { AlertMessage, Channel } from './channel.ts';

const TIMEOUT_MS = 5_000;
// Where it goes is a secret.
const attributes = { 'http.request.method': 'POST' };

/**
 * A webhook: one POST of JSON for each message. Slack and Teams' connectors show `text`; the other members are for
 * programs.
 *
 * @param readUrl gives the secret: the URL itself, or JSON with a member `url`
 */
export function createWebhook(readUrl: () => Promise<string>, send: typeof fetch = fetch): Channel {
  return {
    name: 'webhook',
    async assertUsable() {
      urlIn(await readUrl());
    },
    async send(message) {
      const url = urlIn(await readUrl());
      let response: Response;
      try {
        response = await inSpan('webhook', { kind: 'client', attributes }, async (span) => {
          const answer = await send(url, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(bodyOf(message)),
            // A redirect would send the message to somebody else.
            redirect: 'manual',
            signal: AbortSignal.timeout(TIMEOUT_MS),
          });
          span.setAttribute('http.response.status_code', answer.status);
          if (answer.status >= 400) markFailed(span, String(answer.status));
          return answer;
        });
      } catch (error) {
        throw new NotificationError('The webhook cannot be reached.', { cause: error });
      }
      await response.body?.cancel();
      if (!response.ok) {
        const hint = hintFor(response.status);
        throw new NotificationError(
          `The webhook answered ${response.status}.`,
          hint === undefined ? {} : { hint },
        );
      }
    },
  };
}

/** The body of a webhook's request: docs/alerts.md documents it. */
export function bodyOf({ subject, text, stack, alerts }: AlertMessage) {
  return { text: `${subject}\n\n${text}`, subject, stack, alerts };
}

/** Of a client's answers, those that pass on their own: too slow, too early, too many. */
const PASSING = new Set([408, 425, 429]);

/** What to do about an answer; nothing about one that passes on its own. */
function hintFor(status: number): string | undefined {
  if (status < 400)
    return 'It redirects to another address, which Ferry does not follow: store that address in the secret of alerts.webhook.';
  return PASSING.has(status) || status >= 500
    ? undefined
    : 'Check that the webhook still exists, and store its present address in the secret of alerts.webhook.';
}

function urlIn(secret: string): URL {
  let text = secret.trim();
  if (text.startsWith('{')) {
    try {
      const { url } = JSON.parse(text) as { url?: unknown };
      text = typeof url === 'string' ? url : '';
    } catch {
      text = '';
    }
  }
  // The address is as good as a password, so no message may contain any of it.
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:') {
    throw new ConfigError('The secret of alerts.webhook contains no https:// address.', {
      hint: 'Store the webhook’s address itself, or {"url": "https://…"}.',
    });
  }
  return url;
}
