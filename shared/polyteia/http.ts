import { Agent, type Dispatcher, request } from 'undici';
import { FerryError, PolyteiaUnavailableError } from '../errors.ts';

/** An answer whose body was read up to a limit: what stands in front of Polyteia may answer anything of any length. */
export interface HttpAnswer {
  status: number;
  text: string;
}

const BODY_LIMIT = 256 * 1024;

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name cannot be resolved',
  EAI_AGAIN: 'its name cannot be resolved at the moment',
  ECONNREFUSED: 'it refuses connections',
  ECONNRESET: 'it broke off the connection',
  EPIPE: 'it broke off the connection',
  UND_ERR_SOCKET: 'it broke off the connection',
  UND_ERR_CONNECT_TIMEOUT: 'it does not accept connections in time',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer in time',
  UND_ERR_BODY_TIMEOUT: 'its answer stalled',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate cannot be verified',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate cannot be verified',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate cannot be verified',
};

/** The one agent for Polyteia: 3 s to connect, two minutes for an answer to begin (it reads the whole file first), 60 s without a byte of it. */
export function createPolyteiaAgent(): Agent {
  return new Agent({ connect: { timeout: 3_000 }, headersTimeout: 120_000, bodyTimeout: 60_000 });
}

/**
 * Sends one request.
 *
 * @throws PolyteiaUnavailableError when no complete answer comes back
 */
export async function send(
  url: URL,
  options: {
    dispatcher: Dispatcher;
    headers: Record<string, string>;
    body: string | AsyncIterable<Uint8Array>;
    signal?: AbortSignal | undefined;
  },
): Promise<HttpAnswer> {
  try {
    const { statusCode, body } = await request(url, {
      method: 'POST',
      dispatcher: options.dispatcher,
      headers: { 'user-agent': 'ferry', ...options.headers },
      body: options.body as Dispatcher.DispatchOptions['body'] & string,
      signal: options.signal ?? null,
    });
    let text = '';
    for await (const chunk of body.setEncoding('utf8')) {
      if (text.length < BODY_LIMIT) text += chunk;
    }
    return { status: statusCode, text };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof FerryError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new PolyteiaUnavailableError(
      `Polyteia at ${url.host} cannot be reached: ${reasons[code] ?? 'the connection failed'}.`,
      {
        cause: error,
        hint: 'Check polyteia.baseUrl; a function in a VPC needs NAT (or a proxy) to reach the internet.',
      },
    );
  }
}
