import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../../shared/errors.ts';
import {
  configWith,
  functionsOf,
  readDocumentOf,
  type SynthesizedStatement,
  statementsIn,
  statementsOf,
  synthesize,
} from '../../support/aws/synthesize.ts';

// CDK loads and checks much; two cores may be busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const key = 'arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-0000-0000-000000000000';
const secretArn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:hr-AbCdEf';
const network = { vpcId: 'vpc-0123456789abcdef0', subnetIds: ['subnet-0123456789abcdef0'] };
const login = (secret: unknown) => ({
  type: 'postgres',
  host: 'h',
  database: 'd',
  auth: { type: 'password', secret },
});
const sources = {
  erp: { ...login('ferry/erp'), connection: { name: 'ERP' }, function: { memory: 3008 } },
  hr: { ...login({ arn: secretArn, kmsKeyArn: key }), maxConcurrentRuns: 4 },
  other: login('ferry/other'),
};

/** A stack with one extraction, `nightly`, of the sources `erp` and `hr`, and none of a sync. */
function stackWith(extraction: Record<string, unknown> = {}, top: Record<string, unknown> = {}) {
  const extractions = { nightly: { sources: ['erp', 'hr'], ...extraction } };
  return synthesize(configWith({ jobs: 0, sources: 0, top: { sources, extractions, ...top } }));
}

const ROLE = 'ExtractnightlyFunctionRole';
/** Statements of the extraction's role that have this action. */
const allowing = (template: Template, action: string): SynthesizedStatement[] =>
  statementsIn(template, ROLE).filter(({ Action }) => [Action].flat().includes(action));

describe('a stack of one extraction', () => {
  let synthesized: ReturnType<typeof stackWith>;
  beforeAll(() => {
    synthesized = stackWith({
      schedule: { cron: '0 5 * * *', timezone: 'Europe/Berlin' },
      function: { memory: 4096, timeout: '5m' },
    });
  });

  it('has a function for it, from the same code as the others', () => {
    const functions = functionsOf(synthesized.template);
    expect(Object.keys(functions).sort()).toEqual([
      'Ferry: API',
      'Ferry: starts waiting runs',
      'Ferry: the extraction nightly',
      'Ferry: watchdog',
    ]);
    const own = functions['Ferry: the extraction nightly'];
    expect(own).toMatchObject({
      Handler: 'extract.handler',
      Runtime: 'nodejs24.x',
      MemorySize: 4096,
      Timeout: 300,
      EphemeralStorage: { Size: 4096 },
      LoggingConfig: { LogGroup: { Ref: expect.stringMatching(/^ExtractnightlyFunctionLog/) } },
    });
    expect(own?.Code).toEqual(functions['Ferry: API']?.Code);
    synthesized.template.hasOutput('ExtractFunctionnightly', {
      Value: { Ref: Match.stringLikeRegexp('^ExtractnightlyFunction') },
    });
  });

  it('starts it on its schedule, and keeps the event of a start that was lost', () => {
    synthesized.template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'cron(0 5 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      Target: Match.objectLike({
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^ExtractnightlyFunction'), 'Arn'] },
        Input: '{"job":"nightly","scheduledTime":"<aws.scheduler.scheduled-time>"}',
        DeadLetterConfig: Match.anyValue(),
      }),
    });
    synthesized.template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: Match.stringLikeRegexp('^ExtractnightlyFunction') },
      MaximumRetryAttempts: 2,
      DestinationConfig: { OnFailure: Match.anyValue() },
    });
    expect(JSON.stringify(statementsOf(synthesized.template, 'Starter'))).toContain('ExtractnightlyFunction');
  });

  it('lets its function do what a run needs, and nothing else', () => {
    const { template } = synthesized;
    expect(
      statementsOf(template, ROLE)
        .map(([action]) => action)
        .sort(),
    ).toEqual([
      'events:PutEvents',
      'kms:Decrypt',
      'logs:CreateLogStream logs:PutLogEvents',
      's3:AbortMultipartUpload s3:DeleteObject s3:GetObject s3:PutObject',
      's3:DeleteObject s3:GetObject s3:PutObject',
      's3:GetObject',
      's3:GetObject s3:PutObject',
      's3:ListBucket',
      's3:ListBucket',
      's3:PutObject',
      'secretsmanager:GetSecretValue',
      'sqs:GetQueueAttributes sqs:GetQueueUrl sqs:SendMessage',
    ]);
    for (const [, resource] of statementsOf(template, ROLE)) expect(resource).not.toBe('"*"');
  });

  it('lets it read the secrets of its sources, and decrypt them', () => {
    const { template } = synthesized;
    const secrets = JSON.stringify(allowing(template, 'secretsmanager:GetSecretValue'));
    expect(secrets).toContain('ferry/erp-??????');
    expect(secrets).toContain(`"${secretArn}"`);
    expect(secrets).not.toContain('ferry/other');
    expect(allowing(template, 'kms:Decrypt')).toMatchObject([{ Action: 'kms:Decrypt', Resource: key }]);
  });

  it('lets it store its state, take slots of its sources, and write below the folder of its workflow', () => {
    const { template } = synthesized;
    const prefixes = (action: string) =>
      allowing(template, action)
        .flatMap(({ Resource }) => JSON.stringify(Resource).match(/"\/[^"]+/g) ?? [])
        .map((path) => path.slice(1))
        .sort();
    expect(prefixes('s3:PutObject')).toEqual([
      '/artifacts/nightly/*',
      '/jobs/nightly/*',
      '/leases/nightly.*',
      '/leases/queue/hr/*',
      '/leases/slots/hr/*',
      '/runs/*',
      '/states/nightly.*',
    ]);
    expect(prefixes('s3:DeleteObject')).toEqual([
      '/artifacts/nightly/*',
      '/leases/queue/hr/*',
      '/states/nightly.*',
    ]);
    expect(allowing(template, 's3:ListBucket').map(({ Condition }) => Condition)).toEqual([
      { StringLike: { 's3:prefix': ['jobs/*', 'leases/*', 'states/*'] } },
      { StringLike: { 's3:prefix': ['artifacts/nightly/*'] } },
    ]);
  });

  it('gives it its sources and its filters, and nothing that only the deployment needs', () => {
    const { template, app } = synthesized;
    const own = functionsOf(template)['Ferry: the extraction nightly'];
    const document = own && readDocumentOf(app, own);
    expect(document).toMatchObject({
      version: 1,
      sources: { erp: { connection: { name: 'ERP' } }, hr: { maxConcurrentRuns: 4 } },
      extractions: { nightly: { sources: ['erp', 'hr'] } },
      atlan: { tenant: 'default' },
    });
    expect(Object.keys(document as object)).toEqual(['version', 'sources', 'extractions', 'atlan']);
    expect(JSON.stringify(document)).not.toMatch(/other|schedule|"function"|network/);
  });

  it('is in the indexes of the API and of the watchdog', () => {
    const { template, app } = synthesized;
    const { 'Ferry: API': api, 'Ferry: watchdog': watchdog } = functionsOf(template);
    const schedule = { cron: '0 5 * * *', timezone: 'Europe/Berlin' };
    expect(api && readDocumentOf(app, api)).toEqual({
      nightly: {
        kind: 'extraction',
        sources: ['erp', 'hr'],
        schedule: { ...schedule, enabled: true },
        // Several sources have no connection in common.
        workflow: { id: 'nightly', include: {}, exclude: {}, tempTableRegex: '' },
        function: 0,
      },
    });
    expect(watchdog && readDocumentOf(app, watchdog)).toEqual({
      nightly: {
        kind: 'extraction',
        function: 0,
        timeoutMs: 300_000,
        schedule: { ...schedule, windowMs: 0, enabled: true },
      },
    });
  });

  it('keeps what extractions write, however old, except parts of incomplete uploads', () => {
    synthesized.template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: Match.arrayWith([
          Match.objectLike({ Id: 'multipart', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }),
        ]),
      },
    });
    const [bucket] = Object.values(synthesized.template.findResources('AWS::S3::Bucket'));
    const rules: Record<string, unknown>[] = bucket?.Properties.LifecycleConfiguration.Rules ?? [];
    const expiring = rules.filter((rule) => 'ExpirationInDays' in rule);
    expect(expiring.map(({ Prefix }) => Prefix)).toEqual(['refused/', 'requests/']);
  });
});

describe('the output of an extraction', () => {
  const output = { bucket: 'city-catalogs', prefix: 'atlan/postgres' };
  const bucketArn = (path = '') => ({
    'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:s3:::city-catalogs${path}`]],
  });

  it('in a user’s bucket is written below the folder of its workflow, and no longer into Ferry’s', () => {
    const { template } = stackWith({ output, workflowId: 'w-1' });
    expect(allowing(template, 's3:AbortMultipartUpload')).toEqual([
      {
        Effect: 'Allow',
        Action: ['s3:AbortMultipartUpload', 's3:DeleteObject', 's3:GetObject', 's3:PutObject'],
        Resource: bucketArn('/atlan/postgres/w-1/*'),
      },
    ]);
    expect(allowing(template, 's3:ListBucket')).toContainEqual({
      Effect: 'Allow',
      Action: 's3:ListBucket',
      Resource: bucketArn(),
      Condition: { StringLike: { 's3:prefix': ['atlan/postgres/w-1/*'] } },
    });
    expect(JSON.stringify(statementsOf(template, ROLE))).not.toContain('artifacts');
  });

  it('is only written to a bucket of the named account, whose owner gets the files, with its key', () => {
    const { template } = stackWith({ output: { ...output, bucketOwner: '444455556666', kmsKeyArn: key } });
    const owner = { StringEquals: { 's3:ResourceAccount': '444455556666' } };
    expect(allowing(template, 's3:AbortMultipartUpload')).toEqual([
      expect.objectContaining({
        Action: expect.arrayContaining(['s3:PutObject', 's3:PutObjectAcl']),
        Condition: owner,
      }),
    ]);
    expect(allowing(template, 's3:ListBucket')).toContainEqual(
      expect.objectContaining({ Resource: bucketArn(), Condition: expect.objectContaining(owner) }),
    );
    expect(allowing(template, 'kms:GenerateDataKey')).toEqual([
      { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: key },
    ]);
  });

  it('is encrypted with the key of Ferry’s bucket when it goes there', () => {
    const { template } = stackWith({}, { kmsKeyArn: key });
    expect(allowing(template, 'kms:GenerateDataKey')).toMatchObject([{ Resource: key }]);
  });

  it('is where its layout says', () => {
    const { template } = stackWith({ output: { layout: 'sdk', application: 'pg' } });
    expect(JSON.stringify(allowing(template, 's3:AbortMultipartUpload'))).toContain(
      '/artifacts/apps/pg/workflows/nightly/*',
    );
  });

  it.each(['каталог', 'a*b'])('may not have a prefix that policies cannot contain: %s', (prefix) => {
    expect(() => stackWith({ output: { bucket: 'city-catalogs', prefix } })).toThrow(
      /^extractions\.nightly\.output\.prefix: a role's policy cannot name keys that contain "[к*]"\.$/,
    );
  });

  it('may have umlauts in its prefix', () => {
    const { template } = stackWith({ output: { bucket: 'city-catalogs', prefix: 'straße' } });
    expect(allowing(template, 's3:AbortMultipartUpload')[0]?.Resource).toEqual(
      bucketArn('/straße/nightly/*'),
    );
  });
});

describe('the network of an extraction', () => {
  it('is that of its sources, with its own security group', () => {
    const inVpc = Object.fromEntries(
      ['erp', 'hr'].map((name) => [name, { ...login(`ferry/${name}`), network }]),
    );
    const { template } = stackWith({}, { sources: inVpc });
    const own = functionsOf(template)['Ferry: the extraction nightly'];
    expect(own?.VpcConfig).toEqual({
      SubnetIds: network.subnetIds,
      SecurityGroupIds: [
        { 'Fn::GetAtt': [expect.stringMatching(/^ExtractNetworknightlySecurityGroup/), 'GroupId'] },
      ],
    });
    template.resourceCountIs('AWS::EC2::SecurityGroup', 1);
    const outputs = Object.values(template.findOutputs('*'));
    expect(outputs.map(({ Description }) => Description)).toContain(
      'Allow this security group at the sources of the extraction nightly',
    );
  });

  it('has the security groups that its sources name, and creates none', () => {
    const named = { ...network, securityGroupIds: ['sg-0123456789abcdef0'] };
    const { template } = stackWith(
      {},
      { sources: { erp: { ...login('s'), network: named }, hr: { ...login('s'), network: named } } },
    );
    expect(functionsOf(template)['Ferry: the extraction nightly']?.VpcConfig).toMatchObject({
      SecurityGroupIds: named.securityGroupIds,
    });
    template.resourceCountIs('AWS::EC2::SecurityGroup', 0);
  });
});

describe('an extraction next to syncs', () => {
  const idsOf = ({ template }: { template: Template }) => Object.keys(template.toJSON().Resources).sort();

  it('adds its own resources, and changes only those of the syncs that must know about it', () => {
    const syncs = { orders: { source: 'erp', query: 'SELECT 1', dataset: 'ds_a' } };
    const polyteia = { default: { token: 'ferry/polyteia' } };
    const without = synthesize(configWith({ jobs: 0, sources: 0, top: { sources, syncs, polyteia } }));
    const beside = stackWith({ schedule: { cron: '0 5 * * *' } }, { syncs, polyteia });
    const [before, after] = [without, beside].map(({ template }) => template.toJSON().Resources);
    const changed = Object.keys(before).filter(
      (id) => JSON.stringify(before[id]) !== JSON.stringify(after[id]),
    );
    expect(changed.map((id) => id.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual([
      'ApiHandlerFunction',
      'ApiHandlerRoleDefaultPolicy',
      'StarterDefaultPolicy',
      'WatchdogHandlerFunction',
      'WatchdogHandlerRoleDefaultPolicy',
      'WatchdogQueueFunction',
    ]);
    const added = idsOf(beside).filter((id) => before[id] === undefined);
    expect(added.every((id) => /^(Extract|Schedule)nightly/.test(id))).toBe(true);
  });
});

describe('many extractions', () => {
  it('of 200 sources have a role within IAM’s limits', () => {
    const many = Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [
        `source-with-a-name-${index}`,
        { ...login(`ferry/databases/source-with-a-name-${index}`), maxConcurrentRuns: 2 },
      ]),
    );
    const { template } = stackWith({ sources: ['*'] }, { sources: many });
    const policies = Object.entries({
      ...template.findResources('AWS::IAM::ManagedPolicy'),
      ...template.findResources('AWS::IAM::Policy'),
    }).filter(([id]) => id.startsWith(ROLE));
    expect(policies.length).toBeLessThanOrEqual(10);
    for (const [, { Properties, Type }] of policies) {
      const length = JSON.stringify(Properties.PolicyDocument).length;
      // Written with Fn::Join it is longer than what IAM gets.
      expect(length).toBeLessThan(Type === 'AWS::IAM::Policy' ? 30_000 : 18_000);
    }
    const secrets = JSON.stringify(allowing(template, 'secretsmanager:GetSecretValue'));
    expect(secrets.match(/source-with-a-name-\d+-\?{6}/g)).toHaveLength(200);
  });

  const refusalOf = (extractions: number, syncs: Record<string, unknown> = {}): ConfigError => {
    const named = Object.fromEntries(
      Array.from({ length: extractions }, (_, index) => [`catalog-${index}`, { sources: ['erp'] }]),
    );
    try {
      synthesize(
        configWith({
          jobs: 0,
          sources: 0,
          top: { sources, extractions: named, syncs, polyteia: { default: { token: 't' } } },
        }),
      );
    } catch (error) {
      if (error instanceof ConfigError) return error;
      throw error;
    }
    throw new Error('nothing was refused');
  };

  it('are refused when they do not fit into one stack, with how to split the file', () => {
    const alone = refusalOf(70);
    expect(alone.message).toMatch(
      /^This configuration is too large for one stack: 70 extractions with one function each /,
    );
    expect(alone.hint).toMatch(
      /^Write two files: one with catalog-\d+, .* and 32 more, one with catalog-\d+, /,
    );
    const sync = { source: 'erp', query: 'SELECT 1', dataset: 'ds_a' };
    const mixed = refusalOf(70, { orders: sync });
    expect(mixed.message).toContain(
      '1 syncs in 1 functions for sources and 0 dedicated ones, and 70 extractions with one function each',
    );
    expect(mixed.hint).toContain('one with the syncs, one with the extractions');
  });
});
