import { App, NestedStack, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it, vi } from 'vitest';
import { ConfigError, Ferry, FerryStack } from '../../infra/index.ts';
import { parseConfig } from '../../shared/config/load-config.ts';
import { configWith, emptyCode, functionsOf, newApp, synthesize } from '../support/aws/synthesize.ts';

// CDK loads and checks much; two cores may be busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const config = configWith({
  jobs: 2,
  sources: 1,
  top: { alerts: { email: ['a@example.org'] } },
});
const code = emptyCode();
const props = { config, codePath: code, serviceCodePath: code, architecture: 'arm64' } as const;
const german = { account: '111122223333', region: 'eu-central-1' };

type Resources = Record<string, { Type: string; Properties: Record<string, unknown> }>;
const resourcesOf = (stack: Stack): Resources => Template.fromStack(stack).toJSON().Resources;
const scopesOf = (template: Template) =>
  Object.entries(functionsOf(template)).map(([, { Environment }]) => Environment.Variables.STACK_NAME);

describe('Ferry in another CDK app', () => {
  it('fits next to other resources of a stack, which can use its parts', () => {
    // An app that has none of the feature flags of Ferry's cdk.json.
    const stack = new Stack(new App({ outdir: newApp().outdir }), 'City', { env: german });
    const ferry = new Ferry(stack, 'Data', props);
    const queue = new Queue(stack, 'Pager');
    expect(ferry.alertTopic).toBeInstanceOf(Topic);
    ferry.alertTopic?.addSubscription(new SqsSubscription(queue));
    const [job] = ferry.functions;
    expect(job?.plan).toMatchObject({ source: 'source-0', jobs: ['table-number-0', 'table-number-1'] });
    expect(job?.function).toBeInstanceOf(LambdaFunction);

    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::Scheduler::Schedule', 2);
    template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'sqs' });
    const outputs = Object.keys(template.toJSON().Outputs);
    expect(outputs.filter((name) => /^DataApiUrl/.test(name))).toHaveLength(1);
    // The place in the stack is in the ids of scheduled runs.
    expect(scopesOf(template)).toContain('City/Data');
  });

  it('fits twice into one stack, with nothing in common but the code', () => {
    const stack = new Stack(newApp(), 'City', { env: german });
    new Ferry(stack, 'Town', props);
    new Ferry(stack, 'County', props);
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::S3::Bucket', 2);
    template.resourceCountIs('AWS::Lambda::Function', 6);
    template.resourceCountIs('AWS::Scheduler::Schedule', 4);
    for (const [id, resource] of Object.entries(resourcesOf(stack))) {
      const [own, foreign] = id.startsWith('Town') ? ['Town', 'County'] : ['County', 'Town'];
      expect(id.startsWith(own)).toBe(true);
      expect(JSON.stringify(resource)).not.toMatch(new RegExp(`"${foreign}`));
    }
  });

  it('is refused where its outputs would have the names of another’s', () => {
    const stack = new Stack(newApp(), 'City', { env: german });
    new Ferry(stack, 'Data-1', props);
    expect(() => new Ferry(stack, 'Data1', props)).toThrow(
      'The outputs of City/Data1 would have the same names as those of City/Data-1.',
    );
    // One in another template is in nobody's way.
    new Ferry(new NestedStack(stack, 'Nested'), 'Data', props);
    expect(() => new Ferry(stack, 'Data', props)).not.toThrow();
  });

  it('fits into two stacks of one app', () => {
    const app = newApp();
    const stacks = ['North', 'South'].map((name) => new FerryStack(app, name, props));
    app.synth();
    const [north, south] = stacks.map((stack) => Object.values(resourcesOf(stack)).map(({ Type }) => Type));
    expect(north).toEqual(south);
    expect(scopesOf(Template.fromStack(stacks[1] as Stack))).toContain('South');
  });

  it('fits into a nested stack, whose name only the deployment knows', () => {
    const nested = new NestedStack(new Stack(newApp(), 'City'), 'Inner');
    const telemetry = { endpoint: 'https://collector.example.org:4318' };
    new Ferry(nested, 'Data', {
      ...props,
      config: configWith({ jobs: 1, sources: 1, top: { telemetry } }),
    });
    const { Variables } = functionsOf(Template.fromStack(nested))['Ferry: watchdog']?.Environment ?? {};
    const name = { Ref: 'AWS::StackName' };
    expect(Variables).toMatchObject({
      STACK_NAME: { 'Fn::Join': ['', [name, '/Data']] },
      OTEL_RESOURCE_ATTRIBUTES: {
        'Fn::Join': ['', ['service.namespace=', name, '%2FData,ferry.function=watchdog']],
      },
    });
  });

  it('has nothing to deploy without a job', () => {
    expect(() => synthesize(configWith({ jobs: 0, sources: 1 }))).toThrow(ConfigError);
  });
});

describe('partitions', () => {
  it.each([
    ['aws', 'eu-central-1'],
    ['aws-cn', 'cn-north-1'],
    ['aws-us-gov', 'us-gov-west-1'],
    ['none that is known', undefined],
  ])('all ARNs are in %s', (partition, region) => {
    const env = region === undefined ? {} : { account: '111122223333', region };
    const { template } = synthesize(config, env);
    const found = [...JSON.stringify(template.toJSON()).matchAll(/arn:(aws[a-z-]*):/g)].map(
      ([, name]) => name,
    );
    expect([...new Set(found)]).toEqual(region === undefined ? [] : [partition]);
  });
});

it('accepts jobs and sources whose names have a meaning in CDK', () => {
  const names = ['Default', 'Resource'];
  const source = {
    type: 'postgres',
    host: 'h',
    database: 'd',
    auth: { type: 'password', secret: 's' },
    network: { vpcId: 'vpc-0123456789abcdef0', subnetIds: ['subnet-0123456789abcdef0'] },
  };
  const sync = { query: 'SELECT 1', dataset: 'ds_a', schedule: { cron: '30 4 * * *' } };
  const top = {
    sources: Object.fromEntries(names.map((name) => [name, source])),
    syncs: {
      ...Object.fromEntries(names.map((name) => [name, { ...sync, source: name, dedicated: {} }])),
      ...Object.fromEntries(names.map((name) => [`of-${name}`, { ...sync, source: name }])),
    },
  };
  synthesize(configWith({ jobs: 0, sources: 0, top })).template.resourceCountIs(
    'AWS::Lambda::Function',
    4 + 2,
  );
});

it('accepts jobs and sources whose names have a meaning in JavaScript', () => {
  const names = ['constructor', 'toString', 'hasOwnProperty', 'valueOf'];
  const source = { type: 'postgres', host: 'h', database: 'd', auth: { type: 'password', secret: 's' } };
  const schedule = { cron: '30 4 * * *' };
  const named = (value: (name: string, index: number) => unknown) =>
    Object.fromEntries(names.map((name, index) => [name, value(name, index)]));
  const { template } = synthesize(
    parseConfig(
      JSON.stringify({
        version: 1,
        sources: named(() => source),
        polyteia: named(() => ({ token: 't' })),
        syncs: named((name, n) => ({
          source: name,
          polyteia: name,
          query: 'SELECT 1',
          dataset: `ds_${n}`,
          schedule,
        })),
        extractions: {
          propertyIsEnumerable: { sources: names, schedule },
          isPrototypeOf: { sources: ['valueOf'] },
        },
      }),
      'ferry.yaml',
    ),
  );
  template.resourceCountIs('AWS::Scheduler::Schedule', 5);
  template.resourceCountIs('AWS::Lambda::Function', 4 + 2 + 2);
});

describe('ids that must stay as they are', () => {
  // A stack of an earlier release is updated: another id of the bucket would leave its records behind, of the API change its address.
  it('keep their names', () => {
    const { template } = synthesize(config);
    const { Resources, Outputs } = template.toJSON() as {
      Resources: Resources;
      Outputs: Record<string, unknown>;
    };
    expect(Object.keys(Resources)).toEqual(
      expect.arrayContaining(['StateBucket77825682', 'DeadLettersBBF8BAAB', 'ApiRestApiE35FEAFE']),
    );
    expect(Object.keys(Outputs)).toEqual(
      expect.arrayContaining(['ApiUrl', 'ApiId', 'StateBucketName', 'DeadLetterQueueUrl']),
    );
  });
});

describe('what must be in the region of the stack', () => {
  const key = (region: string) => ({
    kmsKeyArn: `arn:aws:kms:${region}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`,
  });
  const topic = (region: string) => ({
    alerts: { topicArn: `arn:aws:sns:${region}:111122223333:data-alerts` },
  });

  it.each([
    // Would fail when the first document is written.
    ['kmsKeyArn: this key', key],
    // Alarms would not take it.
    ['alerts.topicArn: this topic', topic],
  ])('%s', (told, named) => {
    const ferryIn = (region: string) =>
      new Ferry(new Stack(newApp(), 'Regions', { env: german }), 'Ferry', {
        ...props,
        config: configWith({ jobs: 1, sources: 1, top: named(region) }),
      });
    expect(() => ferryIn('eu-west-1')).toThrow(`${told} is in eu-west-1, and the stack in eu-central-1.`);
    expect(ferryIn('eu-central-1').bucket).toBeDefined();
  });
});
