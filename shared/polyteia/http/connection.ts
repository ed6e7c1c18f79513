import type { Dispatcher } from 'undici';
import type { OutgoingHttps } from '../../network/outgoing-https.ts';
import { createPolyteiaAgent, type HttpAnswer, send } from './http.ts';

/** The connections to one Polyteia. */
export interface PolyteiaConnection {
  /** Host and port, for messages. */
  host: string;
  /** Where the personal access key comes from, for people: `the secret ferry/polyteia`. */
  keyOrigin: string;
  /** Scheme, host and port. */
  origin: string;
  /**
   * Sends one request.
   *
   * @throws PolyteiaUnavailableError when no complete answer comes back
   */
  send(path: string, request: PolyteiaRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface PolyteiaRequest {
  headers: Record<string, string>;
  body: string | AsyncIterable<Uint8Array>;
  signal?: AbortSignal | undefined;
}

/**
 * @param options.dispatcher replaces Ferry's own agent, for example by one with other time-outs
 * @param options.answerLimitMs how long a complete answer may take
 */
export function openConnection(options: {
  baseUrl: string;
  keyOrigin: string;
  outgoing: OutgoingHttps;
  dispatcher?: Dispatcher | undefined;
  answerLimitMs?: number | undefined;
}): PolyteiaConnection {
  const { host, origin, protocol } = new URL(options.baseUrl);
  // A plain http:// address is on this machine, and needs no proxy.
  const outgoing = protocol === 'https:' ? options.outgoing : {};
  const dispatcher = options.dispatcher ?? createPolyteiaAgent(outgoing);
  return {
    host,
    keyOrigin: options.keyOrigin,
    origin,
    send: (path, request) =>
      // Polyteia may be behind a path of a proxy.
      send(new URL(`${options.baseUrl.replace(/\/+$/, '')}${path}`), {
        dispatcher,
        outgoing,
        headers: request.headers,
        body: request.body,
        signal: request.signal,
        answerLimitMs: options.answerLimitMs,
      }),
    close: () => dispatcher.close(),
  };
}
