import { type FerryError, PolyteiaUnavailableError } from '../errors.ts';
import { HopError, tryName, tryTls } from '../network/hops.ts';
import { type OutgoingHttps, trustExtraCa } from '../network/outgoing-https.ts';
import { assertReachable } from '../network/reachability.ts';
import { type CheckResult, failedCheck, skippedCheck } from './check-result.ts';

const TIMEOUT_MS = 3_000;

/**
 * Tries the way to Polyteia hop by hop: name, TCP, TLS. Behind a proxy it tries the way to the proxy, because nothing
 * else can be reached.
 */
export async function checkConnectivity(
  baseUrl: string,
  { outgoing, signal }: { outgoing: OutgoingHttps; signal: AbortSignal },
): Promise<CheckResult[]> {
  const { protocol } = new URL(baseUrl);
  const encrypted = protocol === 'https:';
  // A plain http:// address is on this machine, and needs no proxy.
  const proxy = encrypted ? outgoing.proxy : undefined;
  const target = new URL(proxy ?? baseUrl);
  const at = { host: target.hostname.replaceAll(/[[\]]/g, ''), port: portOf(target) };
  const whose = proxy === undefined ? 'Polyteia' : 'proxy';
  const hops: [string, () => Promise<string>][] = [
    [`${whose} DNS`, () => tryName(at.host)],
    [`${whose} TCP`, () => tryTcp(at, whose, signal)],
    ...(encrypted && proxy === undefined
      ? [
          ['Polyteia TLS', () => tryTls(at, { timeoutMs: TIMEOUT_MS, signal })] as [
            string,
            () => Promise<string>,
          ],
        ]
      : []),
  ];
  trustExtraCa(outgoing);
  const results: CheckResult[] = [];
  let failed = false;
  for (const [check, hop] of hops) {
    if (failed) {
      results.push(skippedCheck(check));
      continue;
    }
    try {
      results.push({ check, status: 'ok', detail: await hop() });
    } catch (error) {
      signal.throwIfAborted();
      failed = true;
      results.push(failedCheck(check, asUnavailable(error)));
    }
  }
  return results;
}

const portOf = ({ port, protocol }: URL) => (port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port));

async function tryTcp(
  at: { host: string; port: number },
  whose: string,
  signal: AbortSignal,
): Promise<string> {
  const started = performance.now();
  try {
    await assertReachable(at, { timeoutMs: TIMEOUT_MS, probe: async () => {}, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new HopError(
      `No TCP connection to ${whose === 'proxy' ? 'the proxy' : whose} at ${at.host}:${at.port}.`,
      {
        cause: error,
        hint:
          whose === 'proxy'
            ? 'Check `proxy` in ferry.yaml, the route to it, and the security groups of both sides.'
            : 'Check the address, and whether a firewall lets this machine reach it; `proxy` names a proxy. A function in a VPC has no route to the internet by default: route its subnets to a NAT gateway, and let its security group reach port 443.',
      },
    );
  }
  return `${at.host}:${at.port} answers in ${Math.round(performance.now() - started)} ms`;
}

function asUnavailable(error: unknown): FerryError | unknown {
  return error instanceof HopError
    ? new PolyteiaUnavailableError(error.message, { cause: error, hint: error.hint })
    : error;
}
