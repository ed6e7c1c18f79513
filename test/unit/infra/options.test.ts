import { Annotations, Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { configWith, statementsOf, synthesize } from '../../support/synthesize.ts';

const auth = { type: 'password', secret: 's' };
const network = { vpcId: 'vpc-0123456789abcdef0', subnetIds: ['subnet-0123456789abcdef0'] };
const key = 'arn:aws:kms:eu-central-1:111122223333:key/k';

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

const functionsOf = (template: Template) =>
  Object.fromEntries(
    Object.entries(template.findResources('AWS::Lambda::Function')).map(([, { Properties }]) => [
      Properties.Description,
      Properties,
    ]),
  );

describe('functions', () => {
  it('have two processors, a disk and Lambda’s longest time unless the file says otherwise', () => {
    expect(functionsOf(stackWith({}).template)['Ferry: syncs of the source erp']).toMatchObject({
      MemorySize: 2048,
      Timeout: 900,
      EphemeralStorage: { Size: 4096 },
    });
  });

  it('are set by source, and a dedicated one by its job, with what its source says otherwise', () => {
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

  it('of their own write the records of their job only, and are what its schedule starts', () => {
    const { template } = stackWith({ sync: { dedicated: {}, schedule: { cron: '0 4 * * *' } } });
    const written = (prefix: string) =>
      statementsOf(template, prefix).find(([action]) => action.endsWith('s3:PutObject'))?.[1];
    expect(written('DedicatedordersFunctionRole')).toContain('/jobs/orders/*');
    expect(written('DedicatedordersFunctionRole')).not.toContain('customers');
    expect(written('SyncerpFunctionRole')).toContain('/jobs/customers/*');
    expect(written('SyncerpFunctionRole')).not.toContain('orders');
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      Target: Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Dedicatedorders'), 'Arn'] } }),
    });
  });

  it('tell the API which of them runs a job', () => {
    const { template, app } = stackWith({ sync: { dedicated: {} } });
    const names = functionsOf(template)['Ferry: API'].Environment.Variables.FUNCTIONS['Fn::Join'][1];
    expect(names).toHaveLength(3);
    const index = readAsset(app, 'Api/Jobs');
    expect(index).toEqual({
      customers: { kind: 'sync', source: 'erp', function: 0 },
      orders: { kind: 'sync', source: 'erp', function: 1 },
    });
    expect(names[2 * index.orders.function].Ref).toMatch(/^Dedicatedorders/);
    expect(names[2 * index.customers.function].Ref).toMatch(/^Syncerp/);
  });
});
