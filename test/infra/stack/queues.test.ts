import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it, vi } from 'vitest';
import { configWith, functionsOf, statementsOf, synthesize } from '../../support/aws/synthesize.ts';

// CDK loads and checks much; two cores may be busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const erp = {
  type: 'postgres',
  host: 'h',
  database: 'd',
  auth: { type: 'password', secret: 's' },
  maxConcurrentRuns: 4,
};
const stackWith = (top: Record<string, unknown> = {}) =>
  synthesize(
    configWith({
      jobs: 0,
      sources: 0,
      top: {
        sources: { erp },
        syncs: { orders: { source: 'erp', query: 'SELECT 1', dataset: 'ds_a' } },
        ...top,
      },
    }),
  );
const STARTER = 'Ferry: starts waiting runs';

describe('a source with maxConcurrentRuns', () => {
  const { template } = stackWith();

  it('has a function that starts waiting runs when S3 announces a free slot', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    });
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.s3'],
        'detail-type': ['Object Created'],
        detail: {
          bucket: { name: [{ Ref: Match.stringLikeRegexp('^StateBucket') }] },
          object: { key: [{ wildcard: 'leases/queue/*/slot-free.json' }] },
        },
      },
    });
    const { [STARTER]: starter, 'Ferry: watchdog': watchdog } = functionsOf(template);
    expect(starter).toMatchObject({ Handler: 'watchdog.queue', Timeout: 60 });
    for (const shared of ['Role', 'Code', 'Environment', 'LoggingConfig'])
      expect(starter?.[shared]).toEqual(watchdog?.[shared]);
    const removed = statementsOf(template, 'WatchdogHandlerRole').filter(([action]) =>
      action.includes('Delete'),
    );
    expect(JSON.stringify(removed)).toContain('/leases/queue/*');
  });

  it('is warned of with a bucket that the stack does not change', () => {
    const { stack, template: adopted } = stackWith({ bucket: 'the-bucket-that-was-left' });
    const pattern = Match.stringLikeRegexp(
      'start within five minutes, and at once if the-bucket-that-was-left',
    );
    expect(Annotations.fromStack(stack).findWarning('*', pattern)).toHaveLength(1);
    adopted.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { detail: { bucket: { name: ['the-bucket-that-was-left'] } } },
    });
  });

  it('alone has it', () => {
    const { maxConcurrentRuns: _limit, ...unlimited } = erp;
    const without = stackWith({ sources: { erp: unlimited } }).template;
    expect(functionsOf(without)[STARTER]).toBeUndefined();
    without.resourceCountIs('AWS::Events::Rule', 1);
    for (const { Properties } of Object.values(without.findResources('AWS::S3::Bucket')))
      expect(Properties.NotificationConfiguration).toBeUndefined();
  });
});
