import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { statementsIn, statementsOf, synthesize } from '../../support/aws/synthesize.ts';

const ROLE = 'arn:aws:iam::444455556666:role/reader';

function statementsWith(
  auth: Record<string, unknown>,
  source: Record<string, unknown> = {},
  region = 'eu-central-1',
) {
  const config = parseConfig(
    stringify({
      version: 1,
      sources: {
        erp: {
          type: 'postgres',
          host: 'erp.abc.eu-west-1.rds.amazonaws.com',
          database: 'erp',
          auth,
          ...source,
        },
      },
      polyteia: { default: { token: 'ferry/polyteia' } },
      syncs: { orders: { source: 'erp', query: 'SELECT 1', dataset: 'ds_1' } },
    }),
    'ferry.yaml',
  );
  const { template } = synthesize(config, { account: '111122223333', region });
  const own = statementsOf(template, 'SyncerpFunctionRole');
  const of = (action: string) => own.filter(([actions]) => actions.includes(action)).map(([, arns]) => arns);
  return { connect: of('rds-db:'), assume: of('sts:'), secrets: of('secretsmanager:').join() };
}

const iam = { type: 'iam', username: 'ferry', resourceId: 'db-ABCDEFGHIJKL01234' };

// The first synthesis loads the CDK.
describe('a function may sign in at its source', () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>, string]>([
    ['in the region of the host', iam, {}, 'eu-west-1'],
    [
      'in the region that is given',
      { ...iam, region: 'us-east-1' },
      { host: 'erp.stadt.example' },
      'us-east-1',
    ],
    [
      'in the region of the endpoint that is signed for',
      { ...iam, signHost: 'erp.abc.eu-north-1.rds.amazonaws.com:5432' },
      { host: 'erp.stadt.example' },
      'eu-north-1',
    ],
  ])('as one user of one database %s, and as nobody else', (_where, auth, source, region) => {
    const { connect, assume, secrets } = statementsWith(auth, source);
    const arn = `arn:aws:rds-db:${region}:111122223333:dbuser:db-ABCDEFGHIJKL01234/ferry`;
    expect(connect).toEqual([JSON.stringify(arn)]);
    expect(assume).toEqual([]);
    expect(secrets).not.toContain('erp');
  });

  it('in another partition', () => {
    const host = 'erp.abc.rds.cn-north-1.amazonaws.com.cn';
    expect(statementsWith(iam, { host }, 'cn-north-1').connect).toEqual([
      JSON.stringify('arn:aws-cn:rds-db:cn-north-1:111122223333:dbuser:db-ABCDEFGHIJKL01234/ferry'),
    ]);
  });

  it('with the role that it assumes', () => {
    const { connect, assume } = statementsWith({ type: 'iam-role', username: 'ferry', roleArn: ROLE });
    expect(assume).toEqual([JSON.stringify(ROLE)]);
    expect(connect).toEqual([]);
  });

  it('to each source of an extraction, and no other function may', () => {
    const source = (name: string, auth: Record<string, unknown>) => ({
      type: 'postgres',
      host: `${name}.abc.eu-west-1.rds.amazonaws.com`,
      database: name,
      auth,
    });
    const config = parseConfig(
      stringify({
        version: 1,
        alerts: { email: ['it@stadt.example'] },
        sources: {
          erp: source('erp', iam),
          hr: source('hr', { ...iam, username: 'reader', resourceId: 'cluster-XYZ' }),
          tax: source('tax', { type: 'iam-role', username: 'ferry', roleArn: ROLE }),
          shop: { ...source('shop', { ...iam, resourceId: 'prx-SHOP' }), type: 'mysql' },
        },
        polyteia: { default: { token: 'ferry/polyteia' } },
        syncs: { orders: { source: 'shop', query: 'SELECT 1', dataset: 'ds_1' } },
        extractions: { nightly: { sources: ['erp', 'hr', 'tax'] } },
      }),
      'ferry.yaml',
    );
    const { template } = synthesize(config, { account: '111122223333', region: 'eu-central-1' });
    const signing = (prefix: string) =>
      statementsOf(template, prefix).filter(([actions]) => /rds-db:|sts:/.test(actions));
    const users = (...names: string[]) =>
      names.map((name) => `arn:aws:rds-db:eu-west-1:111122223333:dbuser:${name}`);
    const extraction = signing('ExtractnightlyFunctionRole');
    expect(extraction.map(([actions]) => actions).toSorted()).toEqual([
      ...extraction.slice(1).map(() => 'rds-db:connect'),
      'sts:AssumeRole',
    ]);
    expect(extraction.flatMap(([, arns]) => [JSON.parse(arns)].flat()).toSorted()).toEqual([
      ROLE,
      ...users('cluster-XYZ/reader', 'db-ABCDEFGHIJKL01234/ferry'),
    ]);
    expect(signing('SyncshopFunctionRole').map(([, arns]) => [JSON.parse(arns)].flat())).toEqual([
      users('prx-SHOP/ferry'),
    ]);
    // Nobody else: as many statements in the whole template as these two have.
    const policies = JSON.stringify(template.findResources('AWS::IAM::Policy'));
    expect(policies.match(/rds-db:connect|sts:/g)).toHaveLength(extraction.length + 1);
  });

  it('to hundreds of sources of an extraction, within IAM’s limits', () => {
    const named = (index: number) => `stadt-${index}`.padEnd(63, 'x');
    const many = Array.from({ length: 240 }, (_, index) => [
      named(index),
      {
        type: 'postgres',
        host: `erp-${index}.abc.eu-west-1.rds.amazonaws.com`,
        database: 'erp',
        auth:
          index % 2 === 0
            ? { ...iam, username: named(index), resourceId: `db-ABCDEFGHIJKL${10_000 + index}` }
            : { type: 'iam-role', username: 'ferry', roleArn: `${ROLE}/${named(index)}` },
      },
    ]);
    const config = parseConfig(
      stringify({
        version: 1,
        bucket: 'the-bucket-of-the-town',
        sources: Object.fromEntries(many),
        extractions: { nightly: { sources: ['*'] } },
      }),
      'ferry.yaml',
    );
    const { template } = synthesize(config, { account: '111122223333', region: 'eu-central-1' });
    const lengths = (type: string) =>
      Object.values(template.findResources(type)).map(
        ({ Properties }) => JSON.stringify(Properties.PolicyDocument).length,
      );
    const managed = lengths('AWS::IAM::ManagedPolicy');
    expect(Math.max(...lengths('AWS::IAM::Policy'))).toBeLessThan(10_240);
    expect(Math.max(...managed)).toBeLessThan(6_144);
    expect(managed.length).toBeLessThanOrEqual(10);
    const granted = statementsIn(template, 'ExtractnightlyFunctionRole').flatMap(({ Action, Resource }) =>
      /rds-db:|sts:/.test(String(Action)) ? Resource : [],
    );
    expect(new Set(granted).size).toBe(240);
  });

  it('with the keys in a secret', () => {
    const { connect, assume, secrets } = statementsWith({
      type: 'iam-user',
      username: 'ferry',
      secret: 'ferry/aws-keys',
    });
    expect(secrets).toContain('secret:ferry/aws-keys-??????');
    expect([connect, assume]).toEqual([[], []]);
  });
});
