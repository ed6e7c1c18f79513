import { Agent, type Dispatcher, Pool, ProxyAgent, request } from 'undici';
import { FerryError, PolyteiaUnavailableError } from '../../errors.ts';
import { explainHttpsFailure, type OutgoingHttps, trustExtraCa } from '../../network/outgoing-https.ts';
import { inSpan, markFailed } from '../../telemetry/in-span.ts';
import { decodeText, decompress } from './decode-answer.ts';
import { parseRetryAfter } from './retry-after.ts';

/** An answer whose body was read up to a limit: whatever is in front of Polyteia may send anything, of any length. */
export interface HttpAnswer {
  status: number;
  text: string;
  /** Its header Content-Type. */
  contentType?: string;
  /** The delay that its header Retry-After asks for. */
  retryAfterMs?: number;
}

const BODY_LIMIT = 256 * 1024;

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name cannot be resolved',
  EAI_AGAIN: 'its name cannot be resolved at the moment',
  ECONNREFUSED: 'it refuses connections',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  UND_ERR_SOCKET: 'it closed the connection',
  UND_ERR_CONNECT_TIMEOUT: 'it does not accept connections in time',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer in time',
  UND_ERR_BODY_TIMEOUT: 'its answer stalled',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
};

// Two minutes until an answer begins, because Polyteia reads the whole file first; then 60 s without a byte.
const TIMEOUTS = { headersTimeout: 120_000, bodyTimeout: 60_000 };
// Each byte of an answer restarts those; this limits the whole answer, from the end of the request.
const ANSWER_LIMIT_MS = 180_000;
const CONNECT_TIMEOUT = 3_000;
const TUNNEL_TIMEOUT = 10_000;

/** The one agent for Polyteia. */
export function createPolyteiaAgent(outgoing: OutgoingHttps): Dispatcher {
  trustExtraCa(outgoing);
  if (outgoing.proxy === undefined) return new Agent({ connect: { timeout: CONNECT_TIMEOUT }, ...TIMEOUTS });
  return new ProxyAgent({
    uri: outgoing.proxy,
    connectTimeout: CONNECT_TIMEOUT,
    ...TIMEOUTS,
    clientFactory: (proxy, options) => new Pool(proxy, { ...options, headersTimeout: TUNNEL_TIMEOUT }),
  });
}

/** How long a complete answer may take, from the moment the request has been sent. */
function limitAnswer(limitMs: number): { signal: AbortSignal; start: () => void; clear: () => void } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  return {
    signal: controller.signal,
    start: () => {
      timer ??= setTimeout(() => controller.abort(), limitMs);
    },
    clear: () => clearTimeout(timer),
  };
}

/** What has been taken of a body. */
interface Taken {
  bytes: number;
}

async function* taking(
  body: AsyncIterable<Uint8Array>,
  taken: Taken,
  sent: () => void,
): AsyncIterable<Uint8Array> {
  for await (const piece of body) {
    taken.bytes += piece.length;
    yield piece;
  }
  sent();
}

/**
 * Sends one request.
 *
 * @param options.answerLimitMs how long a complete answer may take once the request has been sent. @default three
 *   minutes
 * @throws PolyteiaUnavailableError when no complete answer comes back
 */
export function send(url: URL, options: SendOptions): Promise<HttpAnswer> {
  const attributes = {
    'http.request.method': 'POST',
    'server.address': url.hostname,
    'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    'url.path': url.pathname,
  };
  return inSpan('Polyteia', { kind: 'client', attributes }, async (span) => {
    const answer = await sendUntraced(url, options);
    span.setAttribute('http.response.status_code', answer.status);
    if (answer.status >= 400) markFailed(span, String(answer.status));
    return answer;
  });
}

interface SendOptions {
  dispatcher: Dispatcher;
  outgoing: OutgoingHttps;
  headers: Record<string, string>;
  body: string | AsyncIterable<Uint8Array>;
  signal?: AbortSignal | undefined;
  answerLimitMs?: number | undefined;
}

/** Nobody can have accepted a file that has not left yet. A refusal may well come early. */
function assertWholeFileLeft(url: URL, status: number, taken: Taken, length = '0'): void {
  if (status >= 300 || taken.bytes >= Number(length)) return;
  throw new PolyteiaUnavailableError(
    `Polyteia at ${url.host} answered the upload before the whole file had been sent, so the file cannot have arrived.`,
    {
      hint: 'Something in front of Polyteia may have answered: check polyteia.<target>.baseUrl, and whether a proxy is in between.',
    },
  );
}

async function sendUntraced(url: URL, options: SendOptions): Promise<HttpAnswer> {
  const limit = limitAnswer(options.answerLimitMs ?? ANSWER_LIMIT_MS);
  if (typeof options.body === 'string') limit.start();
  const taken: Taken = { bytes: 0 };
  const sent = typeof options.body === 'string' ? options.body : taking(options.body, taken, limit.start);
  try {
    const { statusCode, headers, body } = await request(url, {
      method: 'POST',
      dispatcher: options.dispatcher,
      headers: { 'user-agent': 'ferry', ...options.headers },
      body: sent as Dispatcher.DispatchOptions['body'] & string,
      signal: options.signal ? AbortSignal.any([options.signal, limit.signal]) : limit.signal,
    });
    // Some servers answer before they have read the whole request.
    limit.start();
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of decompress(body, headers['content-encoding']) as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      size += chunk.length;
      // Leaving the loop closes the connection, so an endless answer is not waited for.
      if (size >= BODY_LIMIT) break;
    }
    assertWholeFileLeft(url, statusCode, taken, options.headers['content-length']);
    const retryAfter = headers['retry-after'];
    const retryAfterMs = parseRetryAfter(typeof retryAfter === 'string' ? retryAfter : undefined);
    const contentType = headers['content-type'];
    const type = typeof contentType === 'string' ? contentType : undefined;
    return {
      status: statusCode,
      text: decodeText(Buffer.concat(chunks), type),
      ...(type === undefined ? {} : { contentType: type }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof FerryError) throw error;
    const explained = explainHttpsFailure(error, options.outgoing, `Polyteia at ${url.host}`);
    if (explained) {
      throw new PolyteiaUnavailableError(explained.message, { cause: error, hint: explained.hint });
    }
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new PolyteiaUnavailableError(
      `Polyteia at ${url.host} cannot be reached: ${limit.signal.aborted ? 'its answer is too slow' : (reasons[code] ?? 'the connection failed')}.`,
      {
        cause: error,
        hint: 'Check polyteia.baseUrl; a function in a VPC needs NAT or `proxy` to reach the internet.',
      },
    );
  } finally {
    limit.clear();
  }
}
