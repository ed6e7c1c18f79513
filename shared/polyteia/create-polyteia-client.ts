import type { Dispatcher } from 'undici';
import type { PolyteiaTargetConfig } from '../config/schema/polyteia-target.ts';
import { nameSecret } from '../config/schema/secret-ref.ts';
import { ConfigError } from '../errors.ts';
import type { OutgoingHttps } from '../network/outgoing-https.ts';
import type { Sleep } from '../sleep.ts';
import { goDurationMs } from '../text/go-duration.ts';
import { createClassicClient } from './classic/classic-client.ts';
import { openConnection } from './http/connection.ts';
import type { PolyteiaClient } from './polyteia-client.ts';
import { createSessionClient } from './session/session-client.ts';

export interface PolyteiaClientOptions {
  /** The personal access key. */
  token: string;
  outgoing: OutgoingHttps;
  /** Replaces Ferry's own agent, for example by one with other time-outs. */
  dispatcher?: Dispatcher;
  /** How long a complete answer may take. @default as in http.ts */
  answerLimitMs?: number;
  sleep?: Sleep;
  /** @default Date.now */
  now?: () => number;
}

/** A client for a target, of the target's generation. */
export function createPolyteiaClient(
  target: PolyteiaTargetConfig,
  options: PolyteiaClientOptions,
): PolyteiaClient {
  const { token, outgoing, dispatcher, answerLimitMs, sleep, now } = options;
  const connection = openConnection({
    baseUrl: target.baseUrl,
    keyOrigin: nameSecret(target.token),
    outgoing,
    dispatcher,
    answerLimitMs,
  });
  if (target.api === 'classic') return createClassicClient({ connection, token, format: target.format });
  const { organization, ingest, format } = target;
  const pollIntervalMs = goDurationMs(ingest.pollInterval);
  const timeoutMs = goDurationMs(ingest.timeout);
  if (organization === undefined || pollIntervalMs === undefined || timeoutMs === undefined) {
    throw new ConfigError('A Polyteia target of the session API needs an organization and valid durations.');
  }
  return createSessionClient({
    connection,
    token,
    organization,
    format,
    ingest: { pollIntervalMs, timeoutMs },
    sleep,
    now,
  });
}
