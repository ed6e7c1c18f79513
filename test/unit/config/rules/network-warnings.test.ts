import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseConfig } from '../../../../shared/config/load-config.ts';
import { warnOfClosedNetworks } from '../../../../shared/config/rules/network-warnings.ts';

const role = { type: 'iam-role', username: 'ferry', roleArn: 'arn:aws:iam::444455556666:role/reader' };
const password = { type: 'password', secret: 'ferry/erp' };

function warningsOf(auth: object, egress: string | undefined, top: object = {}) {
  const network = {
    vpcId: 'vpc-0123456789abcdef0',
    subnetIds: ['subnet-0123456789abcdef0'],
    ...(egress === undefined ? {} : { egress }),
  };
  const erp = {
    type: 'postgres',
    host: 'erp.abc.eu-west-1.rds.amazonaws.com',
    database: 'erp',
    auth,
    network,
  };
  const text = stringify({
    version: 1,
    sources: { erp },
    polyteia: { default: { token: 'ferry/polyteia' } },
    ...top,
  });
  return warnOfClosedNetworks(parseConfig(text, 'ferry.yaml'));
}

describe('a source in a VPC', () => {
  const syncs = { orders: { source: 'erp', query: 'SELECT 1', dataset: 'ds_1' } };
  const extractions = { nightly: { sources: ['erp'] } };

  it.each([
    [
      'a sync without a way to Polyteia',
      password,
      undefined,
      { syncs },
      [/syncs \(orders\) .* cannot reach Polyteia/],
    ],
    ['an extraction, which calls nobody', password, undefined, { extractions }, []],
    ['an extraction by a role, which asks STS', role, 'none', { extractions }, [/iam-role asks STS/]],
    ['a sync by a role', role, 'none', { syncs }, [/iam-role asks STS/, /cannot reach Polyteia/]],
    ['NAT', role, 'nat', { syncs }, []],
    ['a proxy', role, 'none', { syncs, proxy: 'http://proxy.stadt.example:3128' }, []],
  ])('with %s', (_what, auth, egress, top, expected) => {
    expect(warningsOf(auth, egress, top)).toEqual(expected.map((text) => expect.stringMatching(text)));
  });
});
