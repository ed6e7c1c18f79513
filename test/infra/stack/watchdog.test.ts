import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it, vi } from 'vitest';
import {
  configWith,
  functionsOf,
  readDocumentOf,
  statementsOf,
  synthesize,
} from '../../support/aws/synthesize.ts';

// CDK loads and checks much; two cores may be busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const alerts = { email: ['a@example.org'], webhook: 'ferry/hook' };

describe('the watchdog', () => {
  it('looks every five minutes, with little memory, and knows jobs and functions but no query', () => {
    const { template, app } = synthesize(configWith({ jobs: 2, sources: 1, top: { alerts } }));
    const watchdog = functionsOf(template)['Ferry: watchdog'];
    expect(watchdog).toMatchObject({ MemorySize: 512, Timeout: 120, Handler: 'watchdog.handler' });
    template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(5 minutes)' });
    const jobs = watchdog && readDocumentOf(app, watchdog);
    expect(jobs).toMatchObject({
      'table-number-0': {
        source: 'source-0',
        function: 0,
        timeoutMs: 900_000,
        schedule: { cron: '0 0 * * *', timezone: 'UTC', windowMs: 0, enabled: true },
      },
    });
    expect(JSON.stringify(jobs)).not.toContain('SELECT');
  });

  it('may do what a round needs, and nothing else', () => {
    const { template } = synthesize(configWith({ jobs: 2, sources: 1, top: { alerts } }));
    const statements = statementsOf(template, 'WatchdogHandler');
    const prefixes = (action: string) =>
      statements
        .filter(([actions]) => actions.split(' ').includes(action))
        .flatMap(([, resource]) => resource.match(/\/[a-z]+\/\*(\/runs\/\*)?/g) ?? [])
        .toSorted();
    expect(prefixes('s3:GetObject')).toEqual([
      '/alerts/*',
      '/jobs/*/runs/*',
      '/leases/*',
      '/requests/*',
      '/watchdog/*',
    ]);
    expect(prefixes('s3:PutObject')).toEqual(
      ['/alerts/*', '/jobs/*/runs/*', '/leases/*', '/runs/*', '/states/*', '/watchdog/*'].toSorted(),
    );
    expect(prefixes('s3:DeleteObject')).toEqual(['/alerts/*', '/states/*']);
    const others = statements.filter(([actions]) => !actions.includes('s3:') && !actions.includes('logs:'));
    expect(others.map(([actions]) => actions).toSorted()).toEqual([
      'lambda:InvokeFunction',
      'secretsmanager:GetSecretValue',
      'sns:Publish',
      'sqs:DeleteMessage sqs:ReceiveMessage',
    ]);
    expect(JSON.stringify(others.filter(([actions]) => !actions.startsWith('secrets')))).not.toContain('*');
  });

  it('without a channel takes nothing out of the queue and notifies nobody, but repairs runs', () => {
    const { template } = synthesize(configWith({ jobs: 1, sources: 1 }));
    const actions = statementsOf(template, 'WatchdogHandler').map(([action]) => action);
    expect(actions).toContain('lambda:InvokeFunction');
    expect(actions.filter((action) => /sqs|sns|secrets/.test(action))).toEqual([]);
    template.resourceCountIs('AWS::CloudWatch::Alarm', 0);
  });

  it('has alarms for its silence, its failures, lost starts, and messages that do not get through', () => {
    const { template } = synthesize(configWith({ jobs: 1, sources: 1, top: { alerts } }));
    const [topic = ''] = Object.keys(template.findResources('AWS::SNS::Topic'));
    const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm'));
    expect(
      alarms.map(({ Properties }) => [Properties.MetricName, Properties.TreatMissingData]).toSorted(),
    ).toEqual([
      ['ApproximateNumberOfMessagesVisible', 'notBreaching'],
      ['Errors', 'notBreaching'],
      ['Invocations', 'breaching'],
      ['NotificationsFailed', 'notBreaching'],
    ]);
    for (const { Properties } of alarms) expect(Properties.AlarmActions).toEqual([{ Ref: topic }]);
  });

  it('and its alarms write in the language of the configuration', () => {
    const { template } = synthesize(configWith({ jobs: 1, sources: 1, top: { alerts, language: 'de' } }));
    expect(functionsOf(template)['Ferry: watchdog']?.Environment.Variables.LANGUAGE).toBe('de');
    const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm'));
    expect(alarms).toHaveLength(4);
    for (const { Properties } of alarms)
      expect(Properties.AlarmDescription).toMatch(/^Ferry: .*\(docs\/de\/alerts\.md\)/);
  });
});

describe('a run’s end', () => {
  it('is an event that only the job’s function may put on the default bus', () => {
    const { template } = synthesize(configWith({ jobs: 1, sources: 1 }));
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'events:PutEvents',
            Condition: { StringEquals: { 'events:source': 'ferry' } },
          }),
        ]),
      }),
    });
  });
});

describe('the dashboard', () => {
  it.each([
    [true, 1],
    [false, 0],
  ])('exists with dashboard: %s', (dashboard, count) => {
    const { template } = synthesize(configWith({ jobs: 1, sources: 1, top: { dashboard } }));
    template.resourceCountIs('AWS::CloudWatch::Dashboard', count);
    if (count === 1) {
      const [{ Properties }] = Object.values(template.findResources('AWS::CloudWatch::Dashboard')) as [
        { Properties: unknown },
      ];
      for (const metric of ['RunsFailed', 'RunDuration', 'Rows'])
        expect(JSON.stringify(Properties)).toContain(metric);
    }
  });
});
