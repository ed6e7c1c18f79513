import { Annotations, Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it, vi } from 'vitest';
import {
  configWith,
  functionsOf,
  readDocumentOf,
  statementsOf,
  synthesize,
} from '../support/aws/synthesize.ts';

// CDK loads and checks much; two cores may be busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const auth = { type: 'password', secret: 's' };
const network = { vpcId: 'vpc-0123456789abcdef0', subnetIds: ['subnet-0123456789abcdef0'] };
const key = 'arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-0000-0000-000000000000';

/** A stack of one source, `erp`, with the syncs `orders` and `customers`. */
function stackWith(options: {
  source?: Record<string, unknown>;
  sync?: Record<string, unknown>;
  top?: Record<string, unknown>;
}) {
  const sync = { source: 'erp', query: 'SELECT 1', dataset: 'ds_a' };
  const top = {
    sources: { erp: { type: 'postgres', host: 'h', database: 'd', auth, ...options.source } },
    syncs: { orders: { ...sync, ...options.sync }, customers: sync },
    ...options.top,
  };
  return synthesize(configWith({ jobs: 0, sources: 0, top }));
}

const typesOf = (template: Template) =>
  Object.values(template.toJSON().Resources as Record<string, { Type: string }>).map(({ Type }) => Type);

describe('functions', () => {
  it('have two processors, a disk and Lambda’s longest time unless the file says otherwise', () => {
    expect(functionsOf(stackWith({}).template)['Ferry: syncs of the source erp']).toMatchObject({
      MemorySize: 2048,
      Timeout: 900,
      EphemeralStorage: { Size: 4096 },
    });
  });

  it('are set for each source, and a dedicated one by its job, which inherits the rest from its source', () => {
    const { template } = stackWith({
      source: { function: { memory: 3008, timeout: '10m' } },
      sync: { dedicated: { memory: 8192, ephemeralStorage: 10_240 } },
    });
    const functions = functionsOf(template);
    expect(functions['Ferry: syncs of the source erp']).toMatchObject({ MemorySize: 3008, Timeout: 600 });
    expect(functions['Ferry: the sync orders']).toMatchObject({
      MemorySize: 8192,
      Timeout: 600,
      EphemeralStorage: { Size: 10_240 },
    });
  });

  it('that are dedicated only write the records of their job, and are started by its schedule', () => {
    const { template } = stackWith({ sync: { dedicated: {}, schedule: { cron: '0 4 * * *' } } });
    const written = (prefix: string) =>
      statementsOf(template, prefix).find(
        ([action, resource]) => action.includes('s3:PutObject') && resource.includes('/jobs/'),
      )?.[1];
    expect(written('DedicatedordersFunctionRole')).toContain('/jobs/orders/*');
    expect(written('DedicatedordersFunctionRole')).not.toContain('customers');
    expect(written('SyncerpFunctionRole')).toContain('/jobs/customers/*');
    expect(written('SyncerpFunctionRole')).not.toContain('orders');
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      Target: Match.objectLike({
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Dedicatedorders'), 'Arn'] },
      }),
    });
  });

  it('are in a list that the API’s index refers to', () => {
    const { template, app } = stackWith({ sync: { dedicated: {} } });
    const api = functionsOf(template)['Ferry: API'];
    expect(api && readDocumentOf(app, api)).toEqual({
      customers: { kind: 'sync', source: 'erp', dataset: 'ds_a', target: 'default', function: 0 },
      orders: { kind: 'sync', source: 'erp', dataset: 'ds_a', target: 'default', function: 1 },
    });
    expect(api?.Environment.Variables.FUNCTIONS).toEqual({
      'Fn::Join': [
        ',',
        [{ Ref: expect.stringMatching(/^Syncerp/) }, { Ref: expect.stringMatching(/^Dedicatedorders/) }],
      ],
    });
  });

  it('read their own jobs, and nothing that only the deployment needs', () => {
    const { template, app } = stackWith({
      source: { network, function: { memory: 3008 } },
      sync: { dedicated: {}, schedule: { cron: '0 4 * * *' } },
      top: { bucket: 'my-bucket', kmsKeyArn: key, tags: { a: 'b' }, alerts: { email: ['a@example.org'] } },
    });
    const own = functionsOf(template)['Ferry: the sync orders'];
    const document = own && (readDocumentOf(app, own) as Record<string, Record<string, object>>);
    expect(Object.keys(document ?? {})).toEqual(['version', 'sources', 'polyteia', 'syncs']);
    expect(Object.keys(document?.syncs ?? {})).toEqual(['orders']);
    expect(JSON.stringify(document)).not.toMatch(/network|function|dedicated|schedule/);
  });

  it.each([
    // With archives, and without them.
    [60, 60, ['jobs', 'refused', 'archive', 'leases', 'states']],
    [75, 0, ['jobs', 'refused', 'leases', 'states']],
    [61, 61, ['jobs', 'refused', 'archive', 'leases']],
    [90, 90, ['jobs', 'refused', 'archive']],
    [100, 0, ['jobs', 'refused', 'leases']],
    [150, 0, ['jobs', 'refused']],
    [200, 3, ['jobs', 'archive']],
  ])(
    'name each of %i jobs, %i with an archive, for %j, and all jobs where a role has no room for more',
    (count, archives, named) => {
      const syncs = Object.fromEntries(
        Array.from({ length: count }, (_, index) => [
          `table-${index}`,
          {
            source: 'erp',
            query: 'SELECT 1',
            dataset: 'ds_a',
            ...(index < archives ? { archive: { days: 1 } } : {}),
          },
        ]),
      );
      const { template } = stackWith({ top: { syncs } });
      const written = JSON.stringify(
        statementsOf(template, 'SyncerpFunctionRole').filter(([action]) => action.endsWith('s3:PutObject')),
      );
      const namesOf = (kind: string) =>
        [...written.matchAll(new RegExp(`/${kind}/(.+?)[/.]\\*`, 'g'))].map(([, job]) => job).sort();
      for (const kind of ['jobs', 'refused', 'archive', 'leases', 'states']) {
        const jobs = Object.keys(syncs).slice(0, kind === 'archive' ? archives : count);
        expect([kind, namesOf(kind)]).toEqual([
          kind,
          named.includes(kind) || jobs.length === 0 ? jobs.sort() : ['*'],
        ]);
      }
    },
  );
});

describe('network', () => {
  it('puts the functions of a source into subnets, with a new security group unless one is given', () => {
    const { template } = stackWith({ source: { network }, sync: { dedicated: {} } });
    const inVpc = Object.values(functionsOf(template)).filter(({ VpcConfig }) => VpcConfig);
    expect(inVpc).toHaveLength(2);
    for (const { VpcConfig } of inVpc) {
      expect(VpcConfig).toMatchObject({
        SubnetIds: network.subnetIds,
        SecurityGroupIds: [{ 'Fn::GetAtt': [expect.stringMatching(/^NetworkerpSecurityGroup/), 'GroupId'] }],
      });
    }
    template.resourceCountIs('AWS::EC2::SecurityGroup', 1);
    template.hasResourceProperties('AWS::EC2::SecurityGroup', { VpcId: network.vpcId });
    template.hasOutput('*', {
      Value: { 'Fn::GetAtt': [Match.stringLikeRegexp('SecurityGroup'), 'GroupId'] },
    });

    const given = stackWith({
      source: { network: { ...network, securityGroupIds: ['sg-0123456789abcdef0'] } },
    });
    given.template.resourceCountIs('AWS::EC2::SecurityGroup', 0);
    given.template.hasResourceProperties('AWS::Lambda::Function', {
      VpcConfig: { SecurityGroupIds: ['sg-0123456789abcdef0'], SubnetIds: network.subnetIds },
    });
  });

  it('asks no account about the VPC', () => {
    const { app } = stackWith({ source: { network } });
    expect(app.synth().manifest.missing).toBeUndefined();
  });

  it.each([
    ['without a route to the internet', { network }, {}, true],
    ['behind NAT', { network: { ...network, egress: 'nat' } }, {}, false],
    ['with a proxy', { network }, { proxy: 'http://proxy.example.org:3128' }, false],
    ['outside of a VPC', {}, {}, false],
  ])('warns of syncs in a VPC that cannot reach Polyteia: %s', (_name, source, top, warned) => {
    const { stack } = stackWith({ source, top });
    const pattern = Match.stringLikeRegexp('sources\\.erp\\.network: the syncs \\(orders and 1 more\\)');
    expect(Annotations.fromStack(stack).findWarning('*', pattern)).toHaveLength(warned ? 1 : 0);
  });
});

describe('bucket', () => {
  it('is an existing one when it is named: it is not created or changed, and roles refer to it by its name', () => {
    const { template } = stackWith({ top: { bucket: 'the-bucket-that-was-left' } });
    expect(typesOf(template).filter((type) => type.startsWith('AWS::S3'))).toEqual([]);
    const functions = Object.values(functionsOf(template));
    expect(functions.map(({ Environment }) => Environment.Variables.STATE_BUCKET)).toEqual([
      'the-bucket-that-was-left',
      'the-bucket-that-was-left',
      'the-bucket-that-was-left',
    ]);
    expect(
      statementsOf(template, 'SyncerpFunctionRole').find(
        ([action, resource]) => action.includes('s3:PutObject') && resource.includes('/jobs/'),
      )?.[1],
    ).toContain(':s3:::the-bucket-that-was-left/jobs/orders/*');
    expect(template.toJSON().Outputs.StateBucketName.Value).toBe('the-bucket-that-was-left');
  });

  it.each([
    ['of the stack', {}],
    ['of another', { bucket: 'the-bucket-that-was-left' }],
  ])('%s is read and written with a user’s key', (_name, top) => {
    const { template } = stackWith({ top: { ...top, kmsKeyArn: key } });
    for (const role of ['SyncerpFunctionRole', 'ApiHandlerRole'])
      expect(statementsOf(template, role)).toContainEqual(['kms:Decrypt kms:GenerateDataKey', `"${key}"`]);
    const own = template.findResources('AWS::S3::Bucket', {
      Properties: {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            {
              BucketKeyEnabled: true,
              ServerSideEncryptionByDefault: { KMSMasterKeyID: key, SSEAlgorithm: 'aws:kms' },
            },
          ],
        },
      },
    });
    expect(Object.keys(own)).toHaveLength('bucket' in top ? 0 : 1);
  });

  it('forgets old leases after a day, refused files after a week, and replaced documents after a month', () => {
    const [{ Properties }] = Object.values(stackWith({}).template.findResources('AWS::S3::Bucket')) as [
      { Properties: { LifecycleConfiguration: { Rules: unknown[] } } },
    ];
    expect(Properties.LifecycleConfiguration.Rules).toEqual([
      { Id: 'multipart', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
      {
        Id: 'leases',
        Status: 'Enabled',
        Prefix: 'leases/',
        NoncurrentVersionExpiration: { NoncurrentDays: 1 },
        ExpiredObjectDeleteMarker: true,
      },
      {
        Id: 'refused',
        Status: 'Enabled',
        Prefix: 'refused/',
        ExpirationInDays: 7,
        NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      },
      {
        Id: 'states',
        Status: 'Enabled',
        Prefix: 'states/',
        NoncurrentVersionExpiration: { NoncurrentDays: 1 },
        ExpiredObjectDeleteMarker: true,
      },
      {
        Id: 'requests',
        Status: 'Enabled',
        Prefix: 'requests/',
        ExpirationInDays: 7,
        NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      },
      {
        Id: 'replaced',
        Status: 'Enabled',
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
        ExpiredObjectDeleteMarker: true,
      },
    ]);
  });
});

describe('alerts', () => {
  it('have an alarm for lost starts, with a topic that is encrypted in transit and notifies each address', () => {
    const { template } = stackWith({ top: { alerts: { email: ['a@example.org', 'b@example.org'] } } });
    const [topic = ''] = Object.keys(template.findResources('AWS::SNS::Topic'));
    expect(
      Object.values(template.findResources('AWS::SNS::Subscription')).map(({ Properties }) => Properties),
    ).toEqual([
      { Protocol: 'email', Endpoint: 'a@example.org', TopicArn: { Ref: topic } },
      { Protocol: 'email', Endpoint: 'b@example.org', TopicArn: { Ref: topic } },
    ]);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [{ Ref: topic }],
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
    });
    // Its own policy takes the default one's place, so CloudWatch must be let in by it.
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: 'sns:Publish',
          }),
        ]),
      }),
    });
  });

  it('go to an existing topic, and need nothing without the field', () => {
    const topicArn = 'arn:aws:sns:eu-central-1:111122223333:data-alerts';
    const { template } = stackWith({ top: { alerts: { topicArn } } });
    template.resourceCountIs('AWS::SNS::Topic', 0);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { AlarmActions: [topicArn] });
    expect(typesOf(stackWith({}).template).filter((type) => /SNS|CloudWatch/.test(type))).toEqual([]);
  });
});

describe('the rest', () => {
  it('gives every log group the retention of the file', () => {
    const retention = (top: Record<string, unknown>) =>
      Object.values(stackWith({ top }).template.findResources('AWS::Logs::LogGroup')).map(
        ({ Properties }) => Properties.RetentionInDays,
      );
    expect(retention({ logRetention: 365, api: { accessLogs: true } })).toEqual([365, 365, 365, 365]);
    expect(retention({})).toEqual([90, 90, 90]);
  });

  it('logs everything to a group that exists, may write its streams only, and makes none', () => {
    const top = { logGroup: '/stadt/ferry', logRetention: 365, api: { accessLogs: true } };
    const { template } = stackWith({ top });
    template.resourceCountIs('AWS::Logs::LogGroup', 0);
    const functions = Object.values(functionsOf(template));
    expect(functions.map(({ LoggingConfig }) => LoggingConfig)).toEqual(
      functions.map(() => ({ LogFormat: 'Text', LogGroup: '/stadt/ferry' })),
    );
    template.hasResourceProperties('AWS::ApiGateway::Stage', {
      AccessLogSetting: { DestinationArn: Match.anyValue() },
    });
    const rights = statementsOf(template, '').filter(([actions]) => actions.includes('logs:'));
    expect(rights).toHaveLength(functions.length);
    for (const [actions, resource] of rights) {
      expect(actions).toBe('logs:CreateLogStream logs:PutLogEvents');
      expect(resource).toContain(':log-group:/stadt/ferry:*');
    }
  });

  it('writes no metrics of jobs if the file says so, and warns of a dashboard without them', () => {
    const { template, stack } = stackWith({ top: { jobMetrics: false, dashboard: true } });
    const variable = (description: string) =>
      functionsOf(template)[description]?.Environment.Variables.FERRY_CLOUDWATCH_METRICS;
    expect(variable('Ferry: syncs of the source erp')).toBe('off');
    // The alarm about notifications needs its own.
    expect(variable('Ferry: watchdog')).toBeUndefined();
    const pattern = Match.stringLikeRegexp('shows nothing, because there are no metrics of jobs');
    expect(Annotations.fromStack(stack).findWarning('*', pattern)).toHaveLength(1);
    expect(
      functionsOf(stackWith({}).template)['Ferry: syncs of the source erp']?.Environment.Variables,
    ).not.toHaveProperty('FERRY_CLOUDWATCH_METRICS');
  });

  it('logs requests to the API if the file asks for it, without their contents', () => {
    const { template } = stackWith({ top: { api: { accessLogs: true } } });
    const [{ Properties }] = Object.values(template.findResources('AWS::ApiGateway::Stage')) as [
      { Properties: { AccessLogSetting: { Format: string } } },
    ];
    expect(Object.keys(JSON.parse(Properties.AccessLogSetting.Format))).toEqual([
      'time',
      'requestId',
      'caller',
      'sourceIp',
      'method',
      'path',
      'status',
      'latencyMs',
    ]);
  });

  it('tags everything that can have tags', () => {
    const { template } = stackWith({
      source: { network },
      top: { tags: { department: 'IT' }, alerts: { email: ['a@example.org'] } },
    });
    for (const type of [
      'AWS::ApiGateway::RestApi',
      'AWS::ApiGateway::Stage',
      'AWS::CloudWatch::Alarm',
      'AWS::EC2::SecurityGroup',
      'AWS::IAM::Role',
      'AWS::Lambda::Function',
      'AWS::Logs::LogGroup',
      'AWS::S3::Bucket',
      'AWS::SNS::Topic',
      'AWS::SQS::Queue',
    ]) {
      const resources = Object.values(template.findResources(type));
      expect(resources).not.toEqual([]);
      for (const { Properties } of resources)
        expect(Properties.Tags).toContainEqual({ Key: 'department', Value: 'IT' });
    }
  });

  it('lets a schedule begin within a window', () => {
    const { template } = stackWith({ sync: { schedule: { cron: '0 4 * * *', window: '1h30m' } } });
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 90 },
    });
  });
});
