import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { certificatesIn } from '../config/certificates.ts';
import type { FerryConfig } from '../config/schema/ferry-config.ts';

/** How HTTPS leaves the network that Ferry runs in. */
export type OutgoingHttps = Pick<FerryConfig, 'proxy' | 'extraCa'>;

/**
 * Trusts `extraCa` in addition to Node's own authorities, from now on and in the whole process: Node's HTTP agent takes
 * no list for the connection to a proxy. Sources have their own lists.
 */
export function trustExtraCa({ extraCa }: OutgoingHttps): void {
  if (extraCa === undefined) return;
  // Created once each, because every client asks for them.
  setDefaultCACertificates([...new Set([...getCACertificates('default'), ...certificatesIn(extraCa)])]);
}

/**
 * Time-outs for every AWS client. By default the SDK waits forever: a function in a VPC without a route to the service
 * would hang until Lambda kills it, without a record or a word about what is missing. Three tries take at most 30
 * seconds.
 */
export const awsTimeouts = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true };

/** How an AWS client connects: its `requestHandler`. */
export function awsHttps(outgoing: OutgoingHttps) {
  trustExtraCa(outgoing);
  // The SDK gives up a tunnel but leaves it open, which would keep the process alive; this agent's time-out closes it.
  const httpsAgent = outgoing.proxy
    ? { proxyEnv: { HTTPS_PROXY: outgoing.proxy }, timeout: awsTimeouts.connectionTimeout }
    : {};
  return { ...awsTimeouts, httpsAgent };
}

const proxyReasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name cannot be resolved',
  EAI_AGAIN: 'its name cannot be resolved at the moment',
  ECONNREFUSED: 'it refuses connections',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'it does not accept connections in time',
  UND_ERR_CONNECT_TIMEOUT: 'it does not accept connections in time',
};
const untrusted = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
]);
const brokenTunnel = new Set(['UND_ERR_PRX_CONN', 'UND_ERR_PRX_TLS', 'ERR_PROXY_TUNNEL']);

/** What undici and Node's own agent throw when CONNECT is answered with anything but 200. */
function tunnelStatus(error: Error & { statusCode?: unknown }): string | undefined {
  if (error.statusCode !== undefined) return String(error.statusCode);
  return /^Proxy response \((\d+)\)/.exec(error.message)?.[1];
}

/**
 * Explains a failure on the way to a service: an authority that is not trusted, or the proxy.
 *
 * @param service its name in a sentence
 * @returns undefined when something else is wrong
 */
export function explainHttpsFailure(
  error: unknown,
  { proxy }: OutgoingHttps,
  service: string,
): { message: string; hint: string } | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error ? String(error.code) : '';
  const { protocol, host } = new URL(proxy ?? 'http://none');
  if (untrusted.has(code)) {
    const whose =
      proxy !== undefined && protocol === 'https:'
        ? `its certificate, or that of the proxy ${host},`
        : 'its certificate';
    return {
      message: `${service} cannot be reached: ${whose} cannot be verified.`,
      hint: 'If the network inspects TLS, or your own authority signed the certificate, set `extraCa` in ferry.yaml to the PEM file of that authority.',
    };
  }
  if (proxy === undefined) return undefined;
  const reason = proxyReasons[code];
  if (reason !== undefined) {
    return {
      message: `The proxy ${host} on the way to ${service} cannot be reached: ${reason}.`,
      hint: 'Check `proxy` in ferry.yaml; on AWS, the security groups of both sides and the route between them.',
    };
  }
  const allow = 'Let the proxy connect to this host, without a login: ferry.yaml holds no secrets.';
  const status = tunnelStatus(error);
  if (status !== undefined) {
    return {
      message: `The proxy ${host} refuses to connect to ${service} (HTTP status ${status}).`,
      hint: allow,
    };
  }
  if (brokenTunnel.has(code)) {
    return { message: `The proxy ${host} cannot connect to ${service}.`, hint: allow };
  }
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || error.name === 'TimeoutError') {
    return { message: `${service} does not answer in time through the proxy ${host}.`, hint: allow };
  }
  return undefined;
}
