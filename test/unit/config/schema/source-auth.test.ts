import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseConfig } from '../../../../shared/config/load-config.ts';
import { isRdsHost, regionOfRdsHost } from '../../../../shared/config/schema/rds-host.ts';
import { signingEndpoint } from '../../../../shared/config/schema/source-auth.ts';

const HOST = 'erp.abc.eu-central-1.rds.amazonaws.com';
const iam = { type: 'iam', username: 'ferry', resourceId: 'db-ABCDEFGHIJKL01234' };
const role = { type: 'iam-role', username: 'ferry', roleArn: 'arn:aws:iam::444455556666:role/a/reader' };
const user = { type: 'iam-user', username: 'ferry', secret: 'ferry/aws' };

const parse = (auth: Record<string, unknown>, fields: Record<string, unknown> = {}) =>
  parseConfig(
    stringify({
      version: 1,
      sources: { erp: { type: 'postgres', host: HOST, database: 'erp', auth, ...fields } },
    }),
    'ferry.yaml',
  ).sources.erp;
const messageOf = (...given: Parameters<typeof parse>) => {
  try {
    parse(...given);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('It is valid.');
};

describe('auth of a source', () => {
  it.each([
    ['iam', iam, {}],
    ['iam on a cluster', { ...iam, resourceId: 'cluster-ABC1' }, {}],
    ['iam on a proxy', { ...iam, resourceId: 'prx-0123abcd' }, {}],
    ['iam without the host name of RDS', { ...iam, region: 'eu-central-1' }, { host: 'erp.stadt.example' }],
    ['iam by another name', { ...iam, signHost: HOST }, { host: 'erp.stadt.example' }],
    ['iam through a tunnel', { ...iam, signHost: `${HOST}:5432` }, { host: 'localhost', port: 15432 }],
    ['iam on MySQL', iam, { type: 'mysql' }],
    [
      'iam on MySQL through a tunnel by the same name',
      { ...iam, signHost: `${HOST}:3306` },
      { type: 'mysql', port: 13306 },
    ],
    [
      'iam on MySQL by a name that is in a certificate of one’s own',
      { ...iam, signHost: HOST },
      { type: 'mysql', host: 'erp.stadt.example', tls: { ca: './ca.pem' } },
    ],
    ['iam-role', role, {}],
    ['iam-role of China', { ...role, roleArn: 'arn:aws-cn:iam::444455556666:role/r' }, {}],
    ['iam-role with an external id', { ...role, externalId: 'stadt:1/2' }, {}],
    ['iam-user', user, {}],
    ['iam-user with the address in the secret', user, { host: undefined, database: undefined }],
  ])('may be %s', (_what, auth, fields) => {
    expect(parse(auth, fields)?.auth).toEqual(auth);
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>, string]>([
    ['no resource id', { ...iam, resourceId: undefined }, {}, 'sources.erp.auth.resourceId: missing'],
    [
      'the name of an instance',
      { ...iam, resourceId: 'erp' },
      {},
      'this value: expected the resource id of an instance (db-…)',
    ],
    ['all resources', { ...iam, resourceId: 'db-*' }, {}, 'this value: expected the resource id'],
    ['all users', { ...iam, username: '*' }, {}, 'this value: expected the name of a database user'],
    ['a secret with iam', { ...iam, secret: 'x' }, {}, 'unknown field "secret"'],
    [
      'no region',
      iam,
      { host: 'erp.stadt.example' },
      'sources.erp.auth.region: missing; expected the region of the database, or its own endpoint as signHost',
    ],
    [
      'another region than the host’s',
      { ...iam, region: 'eu-west-1' },
      {},
      'sources.erp.auth.region: this value: expected eu-central-1, as in the host name',
    ],
    ['no region at all', { ...iam, region: 'Frankfurt' }, {}, 'expected a region such as eu-central-1'],
    [
      'no host',
      iam,
      { host: undefined },
      'sources.erp.host: missing; expected a host: auth iam has no secret that could provide it',
    ],
    ['no database', role, { database: undefined }, 'sources.erp.database: missing'],
    ['a role without an account', { ...role, roleArn: 'reader' }, {}, "expected a role's ARN"],
    ['an empty external id', { ...role, externalId: '' }, {}, 'sources.erp.auth.externalId'],
    ['a port that does not exist', { ...iam, signHost: `${HOST}:65536` }, {}, 'expected a port up to 65535'],
    ['a URL to sign for', { ...iam, signHost: 'https://x' }, {}, "expected the database's own endpoint"],
    [
      'no verification',
      iam,
      { tls: { mode: 'require' } },
      'sources.erp.tls.mode: "require": expected verify-full with auth iam: a token is only sent to a verified server',
    ],
    ...[undefined, 'rds', 'system', './bundle.pem'].map(
      (ca): [string, Record<string, unknown>, Record<string, unknown>, string] => [
        `no name verified under the authorities ${ca}`,
        iam,
        { tls: { mode: 'verify-ca', ca } },
        'sources.erp.tls.mode: "verify-ca": expected verify-full with auth iam',
      ],
    ),
    ['no TLS', user, { tls: { mode: 'disable' } }, '"disable": expected verify-full with auth iam-user'],
    [
      'MySQL without the name verified',
      role,
      { type: 'mysql', tls: { mode: 'verify-ca' } },
      '"verify-ca": expected verify-full with auth iam-role',
    ],
    ...['erp.stadt.example', 'localhost'].map(
      (host): [string, Record<string, unknown>, Record<string, unknown>, string] => [
        `MySQL at ${host} under the authorities of RDS`,
        { ...iam, signHost: HOST },
        { type: 'mysql', host },
        `expected only the port to differ from the host, or ${HOST} as host`,
      ],
    ),
    [
      'MySQL without TLS',
      iam,
      { type: 'mysql', tls: { mode: 'disable' } },
      '"disable": expected verify-full with auth iam',
    ],
  ])('may not have %s', (_what, auth, fields, expected) => {
    expect(messageOf(auth, fields)).toContain(expected);
  });

  it('does not repeat an external id that is wrong', () => {
    expect(messageOf({ ...role, externalId: 'geheim geheim' })).not.toContain('geheim geheim');
  });
});

describe('the region in a host name', () => {
  it.each([
    ['erp.abc.eu-central-1.rds.amazonaws.com', 'eu-central-1'],
    ['ERP.abc.EU-Central-1.RDS.amazonaws.com', 'eu-central-1'],
    ['erp.cluster-abc.us-east-1.rds.amazonaws.com', 'us-east-1'],
    ['erp.cluster-ro-abc.us-east-1.rds.amazonaws.com', 'us-east-1'],
    ['erp.cluster-custom-abc.ap-southeast-2.rds.amazonaws.com', 'ap-southeast-2'],
    ['erp.proxy-abc.eu-west-3.rds.amazonaws.com', 'eu-west-3'],
    ['reader.endpoint.proxy-abc.eu-west-3.rds.amazonaws.com', 'eu-west-3'],
    ['erp.abc.us-gov-west-1.rds.amazonaws.com', 'us-gov-west-1'],
    ['erp.abc.rds.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
    ['erp.abc.cn-northwest-1.rds.amazonaws.com.cn', 'cn-northwest-1'],
    ['erp.cluster-abc.rds.cn-northwest-1.amazonaws.com.cn', 'cn-northwest-1'],
    ['erp.abc.eusc-de-east-1.rds.amazonaws.eu', 'eusc-de-east-1'],
    ['erp.abc.us-iso-east-1.rds.c2s.ic.gov', 'us-iso-east-1'],
  ])('of %s is %s', (host, region) => {
    expect(regionOfRdsHost(host)).toBe(region);
    expect(isRdsHost(host)).toBe(true);
  });

  it.each([
    'erp.stadt.example',
    'localhost',
    'eu-central-1.rds.example.com',
    'erp.abc.eu-central-1.rds.amazonaws.com.evil.example',
    'rds.amazonaws.com',
  ])('does not exist in %s', (host) => {
    expect(regionOfRdsHost(host)).toBeUndefined();
    expect(isRdsHost(host)).toBe(false);
  });
});

describe('the target that a token is signed for', () => {
  it.each([
    [undefined, { host: 'erp.example', port: 5432 }],
    ['DB.example', { host: 'db.example', port: 15432 }],
    ['db.example:5432', { host: 'db.example', port: 5432 }],
  ])('with signHost %s', (signHost, expected) => {
    const auth = {
      type: 'iam',
      username: 'ferry',
      resourceId: 'db-1',
      ...(signHost ? { signHost } : {}),
    } as const;
    const address = { host: 'Erp.example', port: signHost ? 15432 : 5432 };
    expect(signingEndpoint(auth, address)).toEqual(expected);
  });
});
