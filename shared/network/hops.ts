import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';

/** A hop on the way to a service did not work. */
export class HopError extends Error {
  readonly hint: string;

  constructor(message: string, options: { cause: unknown; hint: string }) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
  }
}

// What OpenSSL says of bytes that are none of TLS.
const NOT_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO']);

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : '');

/**
 * Resolves a name as connections do.
 *
 * @returns what was found, ready to print
 * @throws HopError
 */
export async function tryName(host: string): Promise<string> {
  if (isIP(host)) return `${host} is an address`;
  try {
    const found = await lookup(host, { all: true });
    return `${host} is ${found.map(({ address }) => address).join(', ')}`;
  } catch (error) {
    throw new HopError(
      codeOf(error) === 'EAI_AGAIN'
        ? `No name server answers for ${host}.`
        : `The name ${host} cannot be resolved.`,
      {
        cause: error,
        hint: 'Check the name, and the name server of this machine. In AWS, only VPCs associated with a private zone can resolve its names; a VPC needs enableDnsSupport and enableDnsHostnames.',
      },
    );
  }
}

/**
 * Makes a TLS connection that verifies the server as Node's own clients do.
 *
 * @returns what was agreed on, ready to print
 * @throws HopError
 */
export async function tryTls(
  { host, port }: { host: string; port: number },
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<string> {
  const socket = connect({ host, port, ...(isIP(host) ? {} : { servername: host }) });
  const end = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
  end.addEventListener('abort', () => socket.destroy(new Error('timed out')));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve).once('error', reject);
    });
    return describe(socket);
  } catch (error) {
    signal?.throwIfAborted();
    const code = codeOf(error);
    if (NOT_TLS.has(code))
      throw new HopError(`${host}:${port} answers, but not with TLS.`, {
        cause: error,
        hint: 'Check the address and its port: something that speaks http, or another protocol, listens there.',
      });
    throw new HopError(
      end.aborted
        ? `${host}:${port} accepts the connection but does not answer the TLS handshake.`
        : `TLS with ${host}:${port} fails${code ? ` (${code})` : ''}.`,
      {
        cause: error,
        hint: 'If the network inspects TLS, set `extraCa` in ferry.yaml to the PEM file of its authority.',
      },
    );
  } finally {
    socket.destroy();
  }
}

function describe(socket: TLSSocket): string {
  const { valid_to } = socket.getPeerCertificate();
  return `${socket.getProtocol()}, certificate verified, valid until ${new Date(valid_to).toISOString().slice(0, 10)}`;
}
