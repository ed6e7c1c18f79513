import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/load-config.ts';
import type { FerryConfig } from '../../../shared/config/schema/ferry-config.ts';
import { configWith, statementsIn, statementsOf, synthesize } from '../../support/aws/synthesize.ts';

const config = parseConfig(
  `version: 1
sources:
  erp: { type: postgres, host: erp.example.org, database: erp, auth: { type: password, secret: ferry/erp } }
  hr: { type: postgres, host: hr.example.org, database: hr, auth: { type: password, secret: { arn: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:hr-AbCdEf", kmsKeyArn: "arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-0000-0000-000000000000" } }, maxConcurrentRuns: 4 }
polyteia:
  default: { token: ferry/polyteia }
  other: { token: ferry/other }
syncs:
  orders: { source: erp, query: SELECT 1 AS a, dataset: ds_a, schedule: { cron: "30 4 * * 1-5", timezone: Europe/Berlin } }
  paused: { source: erp, query: SELECT 1 AS a, dataset: ds_b, schedule: { cron: "0 5 * * *", enabled: false } }
  staff: { source: hr, query: SELECT 1 AS a, dataset: ds_c, polyteia: other, archive: { keep: 3 } }
`,
  'ferry.yaml',
);

/** Prefixes of the bucket below which a role may remove. */
function removableBy(template: Template, role: string): string[] {
  const removing = statementsOf(template, role).filter(([action]) => action.includes('Delete'));
  const prefixes = JSON.stringify(removing).matchAll(/Arn\\*"\]\},\\*"\/([^"\\]+)/g);
  return [...prefixes].map(([, prefix]) => prefix ?? '').sort();
}

describe('the stack', () => {
  let template: Template;
  beforeAll(() => {
    ({ template } = synthesize(config));
  }, 120_000);

  it('has one function for each source and one each for the API, the watchdog and waiting runs, on Node 24, all from one code asset', () => {
    const functions = Object.values(template.findResources('AWS::Lambda::Function'));
    expect(functions).toHaveLength(5);
    for (const { Properties } of functions) {
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
      expect(Properties.Code).toEqual(functions[0]?.Properties.Code);
    }
  });

  it('starts each scheduled job in its own time zone, with the planned time as input', () => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'cron(30 4 ? * MON,TUE,WED,THU,FRI *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      State: 'ENABLED',
      Target: Match.objectLike({
        Input: '{"job":"orders","scheduledTime":"<aws.scheduler.scheduled-time>"}',
        RetryPolicy: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 5 },
        DeadLetterConfig: Match.anyValue(),
      }),
    });
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpressionTimezone: 'UTC',
      State: 'DISABLED',
    });
    // `staff` has none.
    template.resourceCountIs('AWS::Scheduler::Schedule', 2);
  });

  it("lets a source's function read its own secrets and write its own records, and nothing else", () => {
    const statements = statementsOf(template, 'SyncerpFunctionRole');
    expect(statements.map(([action]) => action).sort()).toEqual([
      'events:PutEvents',
      'logs:CreateLogStream logs:PutLogEvents',
      's3:AbortMultipartUpload s3:DeleteObject s3:GetObject s3:PutObject',
      's3:GetObject',
      's3:GetObject s3:PutObject',
      's3:ListBucket',
      's3:PutObject',
      'secretsmanager:GetSecretValue',
      'sqs:GetQueueAttributes sqs:GetQueueUrl sqs:SendMessage',
    ]);
    const secrets = statements.find(([action]) => action.startsWith('secretsmanager'))?.[1];
    expect(secrets).toContain('ferry/erp-??????');
    expect(secrets).toContain('ferry/polyteia-??????');
    expect(secrets).not.toMatch(/hr-AbCdEf|ferry\/other/);
    const written = JSON.stringify(statements.filter(([action]) => action.endsWith('s3:PutObject')));
    expect(written).toContain('/jobs/orders/*');
    expect(written).toContain('/leases/orders.*');
    expect(written).toContain('/refused/orders/*');
    expect(written).not.toContain('staff');
    // Neither has an archive.
    expect(removableBy(template, 'SyncerpFunctionRole')).toEqual([
      'refused/orders/*',
      'refused/paused/*',
      'states/orders.*',
      'states/paused.*',
    ]);
    // One object of the assets bucket, not the bucket.
    expect(statements.find(([action]) => action === 's3:GetObject')?.[1]).toMatch(
      /\/[0-9a-f]{64}\.json"\]\]\}$/,
    );
    for (const [, resource] of statements) expect(resource).not.toBe('"*"');
  });

  it('lets no function of a source write, or read, what decides about the jobs of another', () => {
    for (const [role, own, other] of [
      ['SyncerpFunctionRole', 'orders', 'staff'],
      ['SynchrFunctionRole', 'staff', 'orders'],
    ] as const) {
      const may = (action: string, key: string) =>
        statementsIn(template, role)
          .filter(({ Action }) => [Action].flat().includes(action))
          .flatMap(({ Resource }) => JSON.stringify(Resource).match(/"\/[^"]+/g) ?? [])
          // As IAM reads a pattern: a star is any text.
          .some((pattern) =>
            new RegExp(`^${pattern.slice(2).replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(key),
          );
      for (const key of ['runs/1-a.json', 'baseline.json', 'last.json']) {
        expect(may('s3:PutObject', `jobs/${own}/${key}`)).toBe(true);
        for (const action of ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'])
          expect(may(action, `jobs/${other}/${key}`)).toBe(false);
      }
      expect(may('s3:PutObject', `leases/${other}.json`)).toBe(false);
      // What every function may write, none goes by.
      expect(may('s3:PutObject', 'runs/1-a.json')).toBe(true);
      expect(may('s3:GetObject', 'runs/1-a.json')).toBe(false);
    }
  });

  it('lets a function queue for its own source’s slots where these are limited, and remove tickets only', () => {
    const statements = statementsOf(template, 'SynchrFunctionRole');
    const written = JSON.stringify(statements.filter(([action]) => action.endsWith('s3:PutObject')));
    expect(written).toContain('/leases/slots/hr/*');
    expect(removableBy(template, 'SynchrFunctionRole')).toEqual([
      'archive/staff/*',
      'leases/queue/hr/*',
      'refused/staff/*',
      'states/staff.*',
    ]);
    expect(JSON.stringify(statementsOf(template, 'SyncerpFunctionRole'))).not.toMatch(/leases\/slots/);
  });

  it('lets a function decrypt with a user’s key, and read a secret by its ARN', () => {
    const statements = statementsOf(template, 'SynchrFunctionRole');
    expect(statements).toContainEqual([
      'kms:Decrypt',
      '"arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-0000-0000-000000000000"',
    ]);
    expect(statements.find(([action]) => action.startsWith('secretsmanager'))?.[1]).toContain(
      '"arn:aws:secretsmanager:eu-central-1:111122223333:secret:hr-AbCdEf"',
    );
  });

  it('lets the API start functions, read its index and the state, keep requests, and nothing else', () => {
    const statements = statementsOf(template, 'ApiHandler');
    expect(statements.map(([action]) => action).sort()).toEqual([
      'lambda:InvokeFunction',
      'logs:CreateLogStream logs:PutLogEvents',
      's3:GetObject',
      's3:ListBucket',
      's3:PutObject',
    ]);
    const written = statements.find(([action]) => action === 's3:PutObject')?.[1] ?? '';
    expect(written.match(/\/[\w./*]+/g)).toEqual(['/leases/*.cancel.json', '/requests/*']);
    expect(statements.find(([action]) => action === 'lambda:InvokeFunction')?.[1]).not.toContain('*');
  });

  it('lets schedules start functions, not versions of them, and nothing else', () => {
    const statements = statementsOf(template, 'Starter');
    expect(statements.map(([action]) => action).sort()).toEqual(['lambda:InvokeFunction', 'sqs:SendMessage']);
    expect(JSON.stringify(statements)).not.toContain('*');
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: Match.objectLike({
        Statement: [
          Match.objectLike({
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: {
              StringEquals: {
                'aws:SourceAccount': { Ref: 'AWS::AccountId' },
                'aws:SourceArn': Match.anyValue(),
              },
            },
          }),
        ],
      }),
    });
  });

  it('needs one resource for a job: its schedule', () => {
    const more = configWith({ jobs: 5, sources: 2 });
    const less = configWith({ jobs: 4, sources: 2 });
    const count = (used: FerryConfig) => Object.keys(synthesize(used).template.toJSON().Resources).length;
    expect(count(more) - count(less)).toBe(1);
  });

  it('requires a signature on every route except liveness', () => {
    const methods = Object.values(template.findResources('AWS::ApiGateway::Method')).map(({ Properties }) => [
      Properties.HttpMethod,
      Properties.AuthorizationType,
    ]);
    expect(methods.sort()).toEqual([
      // The root, and everything below it.
      ['ANY', 'AWS_IAM'],
      ['ANY', 'AWS_IAM'],
      ['GET', 'NONE'],
    ]);
  });

  it('keeps its bucket when the stack is deleted, encrypted, private and with TLS only', () => {
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      Properties: Match.objectLike({
        BucketEncryption: Match.anyValue(),
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        VersioningConfiguration: { Status: 'Enabled' },
      }),
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ]),
      }),
    });
  });

  it('sets no physical names, has no custom resource, and puts no secret and no configuration into the template', () => {
    const text = JSON.stringify(template.toJSON());
    for (const field of ['BucketName', 'FunctionName', 'RoleName', 'QueueName', 'LogGroupName']) {
      const named = Object.values(
        template.toJSON().Resources as Record<string, { Type: string; Properties?: Record<string, unknown> }>,
      ).filter(
        // A permission refers to a function by name; that names nothing.
        ({ Type, Properties }) =>
          Type !== 'AWS::Lambda::Permission' &&
          Type !== 'AWS::Lambda::EventInvokeConfig' &&
          Properties &&
          field in Properties,
      );
      expect(named).toEqual([]);
    }
    expect(text).not.toMatch(/"Custom::|AWS::CloudFormation::CustomResource/);
    expect(text).not.toContain('SELECT 1');
    expect(text).not.toMatch(/"arn:aws:(?!secretsmanager|kms)/);
  });

  it.each([
    ['@every 90m', 'rate(90 minutes)', 'Europe/Berlin'],
    ['CRON_TZ=Asia/Tokyo 0 4 ? * 6L *', 'cron(0 4 ? * 6L *)', 'Asia/Tokyo'],
  ])('schedules %s', (cron, expression, timezone) => {
    const text = [
      'version: 1',
      'sources: { erp: { type: postgres, auth: { type: password, secret: s } } }',
      'polyteia: { default: { token: t } }',
      `syncs: { a: { source: erp, query: SELECT 1, dataset: ds_a, schedule: { cron: "${cron}", timezone: Europe/Berlin } } }`,
    ].join('\n');
    synthesize(parseConfig(text, 'ferry.yaml')).template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: expression,
      ScheduleExpressionTimezone: timezone,
    });
  });

  it('distinguishes names that differ only in characters that a logical id cannot contain, or that resemble its own', () => {
    const login = 'type: postgres, host: h, database: d, auth: { type: password, secret: s }';
    const names = ['a-b', 'a_b', 'aDashb', 'ab', 'Config', 'Function', 'x', 'xConfig', 'Functionx'];
    const text = [
      'version: 1',
      `sources: { ${names.map((name) => `${name}: { ${login} }`).join(', ')} }`,
      'polyteia: { default: { token: t } }',
      `syncs: { ${names.map((name) => `${name}: { source: ${name}, query: SELECT 1, dataset: ds_a, schedule: { cron: "0 4 * * *" } }`).join(', ')} }`,
    ].join('\n');
    const { template: odd } = synthesize(parseConfig(text, 'ferry.yaml'));
    odd.resourceCountIs('AWS::Lambda::Function', names.length + 2);
    odd.resourceCountIs('AWS::Scheduler::Schedule', names.length);
  });
});
