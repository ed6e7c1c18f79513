import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { statementsOf, synthesize } from '../../support/synthesize.ts';

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
describe('a function may sign in at its source', { timeout: 60_000 }, () => {
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

  it('of another partition', () => {
    const host = 'erp.abc.rds.cn-north-1.amazonaws.com.cn';
    expect(statementsWith(iam, { host }, 'cn-north-1').connect).toEqual([
      JSON.stringify('arn:aws-cn:rds-db:cn-north-1:111122223333:dbuser:db-ABCDEFGHIJKL01234/ferry'),
    ]);
  });

  it('by the role that it assumes', () => {
    const { connect, assume } = statementsWith({ type: 'iam-role', username: 'ferry', roleArn: ROLE });
    expect(assume).toEqual([JSON.stringify(ROLE)]);
    expect(connect).toEqual([]);
  });

  it('by the keys in a secret', () => {
    const { connect, assume, secrets } = statementsWith({
      type: 'iam-user',
      username: 'ferry',
      secret: 'ferry/aws-keys',
    });
    expect(secrets).toContain('secret:ferry/aws-keys-??????');
    expect([connect, assume]).toEqual([[], []]);
  });
});
