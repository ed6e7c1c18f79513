import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../shared/config/load-config.ts';

/** A configuration with one more field at a place of the file. */
const parse = (where: 'source' | 'sync' | 'schedule' | 'top', field: string) =>
  parseConfig(
    `version: 1
sources:
  erp: { type: postgres, host: h, database: d, auth: { type: password, secret: s }${where === 'source' ? `, ${field}` : ''} }
polyteia: { default: { token: t } }
syncs:
  a:
    source: erp
    query: SELECT 1
    dataset: ds_a
    schedule: { cron: "0 4 * * *"${where === 'schedule' ? `, ${field}` : ''} }
    ${where === 'sync' ? field : ''}
${where === 'top' ? field : ''}`,
    'ferry.yaml',
  );

const NETWORK = 'vpcId: vpc-0123456789abcdef0, subnetIds: [subnet-0123456789abcdef0]';
/** Of several numbers with two digits. */
const listOf = (count: number, show: (number: number) => string) =>
  Array.from({ length: count }, (_, index) => show(10 + index)).join(', ');
const KEY = 'arn:aws-cn:kms:cn-north-1:111122223333:key';

describe('settings of the deployment', () => {
  it.each([
    ['source', `network: { ${NETWORK} }`],
    [
      'source',
      'network: { vpcId: vpc-01234567, subnetIds: [subnet-01234567], securityGroupIds: [sg-01234567] }',
    ],
    ['source', 'function: { memory: 512, timeout: 90s, ephemeralStorage: 10240 }'],
    ['sync', 'dedicated: {}'],
    ['schedule', 'window: 1h30m'],
    ['schedule', 'window: 120s'],
    ['top', 'alerts: { topicArn: "arn:aws-us-gov:sns:us-gov-west-1:111122223333:data" }'],
    ['top', `kmsKeyArn: "${KEY}/mrk-0123456789abcdef0123456789abcdef"`],
    ['top', 'tags: { Größe: "", "cost-centre": "47 11" }'],
    ['top', `tags: { ${listOf(50, (n) => `t${n}: x`)} }`],
    ['source', `network: { vpcId: vpc-01234567, subnetIds: [${listOf(16, (n) => `subnet-012345${n}`)}] }`],
    ['top', 'bucket: 1.my-town--data.4.2'],
    ['top', 'bucket: 2024.10.01.1'],
    ['top', `bucket: ${'a'.repeat(63)}`],
  ] as const)('accept, for a %s, %s', (where, field) => {
    expect(parse(where, field).syncs).toHaveProperty('a');
  });

  it.each([
    ['source', 'network: { vpcId: main, subnetIds: [] }', 'vpcId: "main": expected the id of a VPC: vpc-…'],
    [
      'source',
      'network: { vpcId: vpc-01234567, subnetIds: [] }',
      'subnetIds: is a list; expected at least 1',
    ],
    [
      'source',
      'network: { vpcId: vpc-01234567, subnetIds: [subnet-01234567, subnet-01234567] }',
      'network.subnetIds: is a list; expected each id once: remove the ones that are there twice',
    ],
    [
      'source',
      `network: { ${NETWORK}, securityGroupIds: [sg-01234567, sg-89abcdef, sg-01234567] }`,
      'network.securityGroupIds: is a list; expected each id once',
    ],
    [
      'top',
      'api: { vpcEndpointIds: [vpce-01234567, vpce-01234567] }',
      'api.vpcEndpointIds: is a list; expected each id once',
    ],
    [
      'source',
      `network: { vpcId: vpc-01234567, subnetIds: [${listOf(17, (n) => `subnet-012345${n}`)}] }`,
      'network.subnetIds: is a list; expected at most 16',
    ],
    ['source', `network: { ${NETWORK}, egress: natt }`, 'egress: "natt": expected "nat" or "none"'],
    ['source', 'function: { memory: 256 }', 'function.memory: 256: expected at least 512'],
    ['sync', 'dedicated: { timeout: 20m }', 'a duration such as 5s, 30m or 1h30m, from 1m to 15m'],
    ['sync', 'dedicated: { cpu: 2 }', 'dedicated.cpu: unknown field "cpu"'],
    ['schedule', 'window: 90s', 'whole minutes, such as 15m or 1h30m'],
    ['schedule', 'window: 25h', 'from 1m to 24h'],
    [
      'top',
      'alerts: {}',
      'alerts: is a group of fields; expected at least one of email, topicArn and webhook',
    ],
    ['top', 'alerts: { email: [me] }', 'alerts.email.0: "me": expected an e-mail address'],
    [
      'top',
      'alerts: { topicArn: "arn:aws:sns:eu-central-1:111122223333:*" }',
      "an SNS topic's ARN (arn:aws:sns:REGION:ACCOUNT:NAME)",
    ],
    ['top', 'bucket: "s3://mine"', 'the name of an S3 bucket'],
    ['top', 'bucket: my..bucket', 'the name of an S3 bucket'],
    ['top', 'bucket: my.-bucket', 'the name of an S3 bucket'],
    ['top', 'bucket: 192.168.1.1', 'the name of an S3 bucket'],
    ['top', 'bucket: ab', 'the name of an S3 bucket'],
    ['top', `bucket: ${'a'.repeat(64)}`, 'the name of an S3 bucket'],
    ['top', `kmsKeyArn: "${KEY.replace('key', 'alias')}/mine"`, "a KMS key's ARN"],
    ['top', 'logGroup: aws/lambda', "a log group's name"],
    ['top', 'logGroup: "*"', "a log group's name"],
    ['top', 'logRetention: 42', 'expected 1 or 3 or 5 or 7'],
    [
      'top',
      `tags: { ${listOf(51, (n) => `t${n}: x`)} }`,
      'tags: is a group of fields; expected at most 50 tags',
    ],
    ['top', 'tags: { Team: x, team: y }', 'expected keys that differ in more than upper and lower case'],
    ['top', 'tags: { "aws:name": x }', 'a tag key that does not begin with aws:'],
  ] as const)('refuse, for a %s, %s', (where, field, message) => {
    expect(() => parse(where, field)).toThrow(message);
  });
});
