import { nameSome } from '../../text/name-some.ts';
import type { NetworkConfig } from '../schema/deployment.ts';
import type { ExtractionConfig, FerryConfig } from '../schema/ferry-config.ts';
import { sourcesOf } from './extraction-sources.ts';

/**
 * The VPC network in which all sources of an extraction are reached; undefined without a VPC. See {@link
 * findNetworkProblem}.
 */
export function networkOf(config: FerryConfig, extraction: ExtractionConfig): NetworkConfig | undefined {
  const [first] = sourcesOf(config, extraction);
  return first === undefined ? undefined : config.sources[first]?.network;
}

/**
 * Why an extraction cannot run in one function: its sources are reached in different networks.
 *
 * @returns a message that says how to split it; undefined when it can
 */
export function findNetworkProblem(config: FerryConfig, extraction: ExtractionConfig): string | undefined {
  const names = sourcesOf(config, extraction);
  const groups = Map.groupBy(names, (name) => identify(config.sources[name]?.network));
  if (groups.size < 2) return undefined;
  const parts = [...groups.values()].map((sources) => {
    const network = config.sources[sources[0] ?? '']?.network;
    return `${nameSome(sources)} (${network === undefined ? 'no `network`' : describe(network)})`;
  });
  return `an extraction runs in one network, but these sources are in ${groups.size}: write a separate extraction for each of ${parts.join(', ')}`;
}

/** What a function is placed in; `egress` only says what is there. */
function identify(network: NetworkConfig | undefined): string {
  if (network === undefined) return '';
  const { vpcId, subnetIds, securityGroupIds = [] } = network;
  return JSON.stringify([vpcId, subnetIds.toSorted(), securityGroupIds.toSorted()]);
}

const describe = ({ vpcId, subnetIds, securityGroupIds = [] }: NetworkConfig) =>
  [vpcId, ...subnetIds, ...securityGroupIds].join(', ');
