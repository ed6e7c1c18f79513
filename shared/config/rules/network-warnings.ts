import type { FerryConfig } from '../schema/ferry-config.ts';

/**
 * One sentence for each service that jobs of a source in a VPC cannot reach, according to the file: Polyteia, and STS
 * for its role.
 */
export function warnOfClosedNetworks({ sources, syncs, proxy }: FerryConfig): string[] {
  if (proxy !== undefined) return [];
  return Object.entries(sources).flatMap(([name, { network, auth }]) => {
    if (network?.egress !== 'none') return [];
    const warnings: string[] = [];
    if (auth.type === 'iam-role') {
      warnings.push(
        `sources.${name}.network: auth iam-role asks STS for keys, which this VPC can only reach through an interface endpoint for sts. ` +
          'If it has one, ignore this; if its subnets have a NAT gateway or a firewall, set egress: nat.',
      );
    }
    const jobs = Object.keys(syncs).filter((job) => syncs[job]?.source === name);
    if (jobs.length === 0) return warnings;
    const which = jobs.length === 1 ? jobs[0] : `${jobs[0]} and ${jobs.length - 1} more`;
    return [
      ...warnings,
      `sources.${name}.network: the syncs (${which}) run in a VPC that cannot reach Polyteia, because a function there has no public address. ` +
        'If its subnets have a NAT gateway or a firewall, set egress: nat; if there is a proxy, set proxy.',
    ];
  });
}
