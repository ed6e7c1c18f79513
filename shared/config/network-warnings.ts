import type { FerryConfig } from './schema.ts';

/** A sentence for each source in a VPC whose syncs have no way out to Polyteia, by what the file says. */
export function warnOfClosedNetworks({ sources, syncs, proxy }: FerryConfig): string[] {
  if (proxy !== undefined) return [];
  return Object.entries(sources).flatMap(([name, { network }]) => {
    if (network?.egress !== 'none') return [];
    const jobs = Object.keys(syncs).filter((job) => syncs[job]?.source === name);
    if (jobs.length === 0) return [];
    const which = jobs.length === 1 ? jobs[0] : `${jobs[0]} and ${jobs.length - 1} more`;
    return [
      `sources.${name}.network: the syncs (${which}) run in a VPC that has no way out to Polyteia, as a function there has no public address. ` +
        'If its subnets have a NAT gateway or a firewall, say egress: nat; if there is a proxy, name it as proxy.',
    ];
  });
}
