import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../shared/config/load-config.ts';
import { networkOf } from '../../../../shared/config/rules/extraction-network.ts';
import { ConfigError } from '../../../../shared/errors.ts';

const VPC = 'vpc-0a1b2c3d4e5f60718';
const SUBNETS = ['subnet-0a1b2c3d4e5f60718', 'subnet-18070f5e4d3c2b1a0'];
const GROUP = 'sg-0a1b2c3d4e5f60718';
const OTHER = 'sg-1a2b3c4d5e6f70819';

/** A configuration with an extraction of all sources, each in the network that is given, written as YAML; none for ''. */
const inNetworks = (...networks: string[]) =>
  parseConfig(
    `version: 1
defaults: { source: { type: postgres, host: h, database: d, auth: { type: password, secret: s } } }
sources: { ${networks.map((network, index) => `s${index}: { ${network === '' ? '' : `network: ${network}`} }`).join(', ')} }
extractions: { all: { sources: ["*"] } }`,
    'ferry.yaml',
  );
const network = (more = '', subnets = SUBNETS, vpcId = VPC) =>
  `{ vpcId: ${vpcId}, subnetIds: [${subnets.join(', ')}]${more} }`;

describe('the network of an extraction', () => {
  it.each<[string, string[], string | undefined]>([
    ['outside of any VPC', ['', ''], undefined],
    ['of one source', [network()], VPC],
    [
      'of two sources in the same subnets, in whatever order',
      [network(), network('', [...SUBNETS].reverse())],
      VPC,
    ],
    ['of two whose subnets are said to have another way out', [network(), network(', egress: nat')], VPC],
    [
      'of two in the same security groups',
      [
        network(`, securityGroupIds: [${GROUP}, ${OTHER}]`),
        network(`, securityGroupIds: [${OTHER}, ${GROUP}]`),
      ],
      VPC,
    ],
  ])('is that of its sources: %s', (_name, networks, vpcId) => {
    const config = inNetworks(...networks);
    const { all } = config.extractions;
    expect(all && networkOf(config, all)?.vpcId).toBe(vpcId);
  });

  it.each<[string, string[], string]>([
    [
      'in a VPC and outside of any',
      [network(), '', network()],
      `these sources are in 2: write a separate extraction for each of s0, s2 (${[VPC, ...SUBNETS].join(', ')}), s1 (no \`network\`)`,
    ],
    ['in other subnets', [network(), network('', SUBNETS.slice(1))], `s1 (${VPC}, ${SUBNETS[1]})`],
    ['in another VPC', [network(), network('', SUBNETS, 'vpc-00000000')], 's1 (vpc-00000000, '],
    [
      'with security groups, and without',
      [network(), network(`, securityGroupIds: [${GROUP}]`)],
      `${GROUP})`,
    ],
    ['five and one', ['', '', '', '', '', network()], 's0, s1, s2 and 2 more (no `network`), s5 ('],
  ])('is refused with how to split it, for sources %s', (_name, networks, message) => {
    let refused: unknown;
    try {
      inNetworks(...networks);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(ConfigError);
    expect(String(refused)).toContain(
      'extractions.all.sources: an extraction runs in one network, but these sources are in 2:',
    );
    expect(String(refused)).toContain(message);
  });
});
