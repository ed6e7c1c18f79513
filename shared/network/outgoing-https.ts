import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { certificatesIn } from '../config/certificates.ts';
import type { FerryConfig } from '../config/schema/ferry-config.ts';

/** How HTTPS gets out of the network that Ferry runs in. */
export type OutgoingHttps = Pick<FerryConfig, 'proxy' | 'extraCa'>;

/**
 * Trusts `extraCa` next to Node's own authorities, from now on and in the whole process: Node's HTTP agent takes no list for the
 * connection to a proxy. Sources are verified by lists of their own.
 */
export function trustExtraCa({ extraCa }: OutgoingHttps): void {
  if (extraCa === undefined) return;
  // Each once: every client asks for it.
  setDefaultCACertificates([...new Set([...getCACertificates('default'), ...certificatesIn(extraCa)])]);
}

/**
 * Time-outs for every AWS client. The SDK waits forever by default: a function in a VPC without a route to the service would hang
 * until Lambda kills it, and leave neither a record nor a word of what is missing. Three tries take 30 seconds at most.
 */
export const awsTimeouts = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true };

/** How an AWS client gets out: its `requestHandler`. */
export function awsHttps(outgoing: OutgoingHttps) {
  trustExtraCa(outgoing);
  // Its time-out ends the wait for a tunnel, which the SDK gives up and leaves open: the process would not end.
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

/** What undici and Node's own agent throw for an answer to CONNECT other than 200. */
function tunnelStatus(error: Error & { statusCode?: unknown }): string | undefined {
  if (error.statusCode !== undefined) return String(error.statusCode);
  return /^Proxy response \((\d+)\)/.exec(error.message)?.[1];
}

/**
 * A failure on the way to a service, reported as such: an authority that is not trusted, or the proxy.
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
