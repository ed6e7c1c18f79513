import { beforeAll, describe, expect, it, vi } from 'vitest';
import { MAXIMUM_RESOURCES } from '../../infra/stack-size.ts';
import { parseConfig } from '../../shared/config/load-config.ts';
import type { FerryConfig, SyncConfig } from '../../shared/config/schema/ferry-config.ts';
import { ConfigError } from '../../shared/errors.ts';
import { configWith, synthesize } from '../support/aws/synthesize.ts';

// CDK loads and checks much; two cores may be busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

type Resources = Record<string, { Type: string; Properties: Record<string, unknown> }>;

const large = configWith({ jobs: 300, sources: 10 });
const synthesized = new Map<FerryConfig, Resources>();
/** What the stack of a configuration holds; synthesized once for each. */
function resourcesOf(config: FerryConfig): Resources {
  const known = synthesized.get(config);
  if (known) return known;
  const resources: Resources = synthesize(config).template.toJSON().Resources;
  synthesized.set(config, resources);
  return resources;
}

/** What a deployment of `to` would touch, as `kind: type logicalId`. Ids without the hashes of names that are not letters and digits only. */
function differences(from: Resources, to: Resources): string[] {
  const ids = new Set([...Object.keys(from), ...Object.keys(to)]);
  const touched = [...ids].filter((id) => JSON.stringify(from[id]) !== JSON.stringify(to[id]));
  const lines = touched.map((id) => {
    const kind = from[id] === undefined ? 'added' : to[id] === undefined ? 'removed' : 'changed';
    const name = id.replace(/[0-9A-F]{8}$/, '').replace(/(source7|number7|another)[0-9a-f]{8}/, '$1');
    return `${kind}: ${(to[id] ?? from[id])?.Type.replace('AWS::', '')} ${name}`;
  });
  return lines.filter((line) => !line.includes('OverflowPolicy')).sort();
}

const { 'table-number-7': job, ...others } = large.syncs as Record<string, SyncConfig> & {
  'table-number-7': SyncConfig;
};
const withSyncs = (syncs: Record<string, SyncConfig>): FerryConfig => ({ ...large, syncs });
const reversed = withSyncs(Object.fromEntries(Object.entries(large.syncs).reverse()));

// What a function reads is named in its environment and allowed by its role's policy.
const reading = [
  'changed: IAM::Policy Syncsource7FunctionRoleDefaultPolicy',
  'changed: Lambda::Function Syncsource7Function',
];
const index = [
  'changed: IAM::Policy ApiHandlerRoleDefaultPolicy',
  'changed: Lambda::Function ApiHandlerFunction',
  'changed: IAM::Policy WatchdogHandlerRoleDefaultPolicy',
  'changed: Lambda::Function WatchdogHandlerFunction',
];

describe('300 jobs over ten sources', () => {
  let before: Resources;
  beforeAll(() => {
    before = resourcesOf(large);
  });

  it('fit into one stack', () => {
    const types = Object.values(before).map(({ Type }) => Type);
    expect(types.filter((type) => type === 'AWS::Scheduler::Schedule')).toHaveLength(300);
    expect(types.filter((type) => type === 'AWS::Lambda::Function')).toHaveLength(12);
    expect(types.length).toBeLessThanOrEqual(MAXIMUM_RESOURCES);
    // CloudFormation takes a template of 1 MB.
    expect(JSON.stringify(before).length).toBeLessThan(1_000_000);
  });

  it.each<[string, FerryConfig, string[]]>([
    [
      'a cron expression changes its schedule, and the API and the watchdog know of it',
      withSyncs({
        ...others,
        'table-number-7': { ...job, schedule: { cron: '59 23 * * *', timezone: 'UTC', enabled: true } },
      }),
      [...index, 'changed: Scheduler::Schedule Scheduletablenumber7Schedule'],
    ],
    [
      'a query changes what the function of its source reads',
      withSyncs({ ...others, 'table-number-7': { ...job, query: 'SELECT 1 AS a' } }),
      reading,
    ],
    [
      'a new job has its schedule, and its source’s function, the API and the watchdog know of it',
      withSyncs({ ...large.syncs, another: job }),
      [...reading, ...index, 'added: Scheduler::Schedule ScheduleanotherSchedule'],
    ],
    [
      'a job that is gone takes its schedule along',
      withSyncs(others),
      [...reading, ...index, 'removed: Scheduler::Schedule Scheduletablenumber7Schedule'],
    ],
    ['the order in the file means nothing', reversed, []],
  ])('%s, and nothing else changes', (_name, changed, expected) => {
    expect(differences(before, resourcesOf(changed))).toEqual(expected.sort());
  });
});

describe('policies', () => {
  // The longest bucket's ARN is 76 characters.
  const asIamSeesIt = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(asIamSeesIt);
    if (value === null || typeof value !== 'object') return value;
    if ('Fn::Join' in value) return (value['Fn::Join'] as [string, unknown[]])[1].map(asIamSeesIt).join('');
    if ('Ref' in value || 'Fn::GetAtt' in value || 'Fn::Sub' in value) return 'x'.repeat(76);
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asIamSeesIt(inner)]));
  };
  const withLongNames = (jobs: number, more: Partial<SyncConfig> = {}): FerryConfig => {
    const { syncs, ...config } = configWith({ jobs, sources: 1 });
    const renamed = Object.entries(syncs).map(([name, sync]) => [name.padEnd(63, 'x'), { ...sync, ...more }]);
    return { ...config, syncs: Object.fromEntries(renamed) };
  };

  it.each<[string, FerryConfig]>([
    ['300 jobs over ten sources', large],
    ['as many jobs as are named, with the longest names', withLongNames(60, { archive: { keep: 1 } })],
    ['as many jobs as have their refused files named, with the longest names', withLongNames(150)],
    ['as many jobs as have their records named, with the longest names', withLongNames(300)],
  ])('are as long and as many as IAM allows, for %s', (_name, config) => {
    const resources = Object.entries(resourcesOf(config));
    const lengths = (type: string) =>
      resources
        .filter(([, { Type }]) => Type === type)
        .map(([, { Properties }]) => JSON.stringify(asIamSeesIt(Properties.PolicyDocument)).length);
    expect(Math.max(...lengths('AWS::IAM::Policy'))).toBeLessThan(10_240);
    expect(Math.max(...lengths('AWS::IAM::ManagedPolicy'))).toBeLessThan(6_144);
    const ofOneSource = resources.filter(
      ([id, { Type }]) => Type === 'AWS::IAM::ManagedPolicy' && id.startsWith('Syncsource0'),
    );
    expect(lengths('AWS::IAM::Policy').length).toBeGreaterThan(0);
    expect(ofOneSource.length).toBeLessThanOrEqual(10);
  });
});

describe('what is too large for one stack', () => {
  const problem = (config: FerryConfig): ConfigError => {
    try {
      synthesize(config);
    } catch (error) {
      if (error instanceof ConfigError) return error;
      throw error;
    }
    throw new Error('nothing was refused');
  };

  it('is refused, with how to split the file into sources with about equally many jobs', () => {
    const error = problem(configWith({ jobs: 420, sources: 2 }));
    expect(error.message).toMatch(
      /^This configuration is too large for one stack: 420 syncs in 2 functions for sources and 0 dedicated ones take \d+ resources, and a stack has room for 450\.$/,
    );
    expect(error.hint).toContain(
      'one with source-0 and their syncs, one with source-1. Deploy each as a separate stack (-c config=FILE -c stack=NAME)',
    );
    expect(problem(configWith({ jobs: 450, sources: 1 })).hint).toContain('half of the syncs of source-0');
  });

  it('is not split into syncs and extractions where the syncs alone are too many', () => {
    const names = Array.from({ length: 66 }, (_, index) => `stadt-${index}`);
    const config = parseConfig(
      JSON.stringify({
        version: 1,
        defaults: { source: { host: 'erp.example', auth: { type: 'password', secret: 'erp' } } },
        sources: Object.fromEntries(names.map((name) => [name, { type: 'postgres', database: 'erp' }])),
        polyteia: { default: { token: 'polyteia' } },
        syncs: Object.fromEntries(
          names.map((source) => [
            `orders-${source}`,
            { source, query: 'SELECT 1 AS id', dataset: 'ds_cv4t2cf0i6q1gflvu4m0' },
          ]),
        ),
        extractions: { catalogs: { sources: ['stadt-*'] } },
      }),
      'ferry.yaml',
    );
    expect(problem(config).hint).toMatch(
      /^Write two files: one with stadt-0, .* and \d+ more and their syncs, one with stadt-1, .* and \d+ more and the extractions\./,
    );
  });

  it('is refused when the API has no room for the names of all functions', () => {
    expect(problem(configWith({ jobs: 66, sources: 66 })).message).toMatch(
      /^This configuration is too large for one stack: 66 syncs in 66 functions .* more functions than the API and the watchdog can hold: their names take \d+ bytes, and \d+ fit\.$/,
    );
  });

  it('is refused when the watchdog has no room for names beside what telemetry and alerts need', () => {
    const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:ferry/headers-AbCdEf';
    const telemetry = { endpoint: 'https://collector.example.org:4318', headers: { arn } };
    const top = { telemetry, alerts: { email: ['a@example.org'], webhook: { arn } } };
    const { message } = problem(configWith({ jobs: 56, sources: 56, top }));
    const [, names, room] = /take (\d+) bytes, and (\d+) fit/.exec(message) ?? [];
    // What the other variables take varies with the lengths of names.
    expect(Number(names)).toBeLessThan(3_200);
    expect(Number(room)).toBeGreaterThan(2_700);
  });

  it('blames a long address of the collector, and not the number of functions', () => {
    const top = { telemetry: { endpoint: `https://collector.example.org/${'x'.repeat(4_000)}` } };
    const { message, hint } = problem(configWith({ jobs: 1, sources: 1, top }));
    expect(message).toMatch(
      /^telemetry\.endpoint is too long: it takes 4030 of the 4096 bytes .*, \d+ more than /,
    );
    expect(hint).toContain('belongs in the secret of telemetry.headers');
  });

  /** As many syncs without a schedule, which need no resource of their own. */
  const unscheduled = (options: { jobs: number; sources: number }): FerryConfig => {
    const { syncs, ...config } = configWith(options);
    const renamed = Object.entries(syncs).map(([name, { schedule: _schedule, ...sync }]) => [
      name.padEnd(63, 'x'),
      sync,
    ]);
    return { ...config, syncs: Object.fromEntries(renamed) };
  };

  it('is refused when its template is, or its policies are split into too many resources', () => {
    const template = problem(unscheduled({ jobs: 1_500, sources: 30 }));
    expect(template.message).toMatch(
      /1500 syncs in 30 functions .* make a template of 1\d{6} bytes, and CloudFormation takes 1000000\.$/,
    );
    expect(template.hint).toContain('Write two files: one with source-0, ');
    expect(problem(unscheduled({ jobs: 3_000, sources: 40 })).message).toMatch(
      /make a stack of 5\d\d resources, with the policies that are split .*, and CloudFormation takes 500\.$/,
    );
  });

  it('is not reached by ten sources with forty dedicated jobs, nor by fifty sources', () => {
    const { syncs, ...config } = configWith({ jobs: 100, sources: 10 });
    const dedicated = Object.entries(syncs).map(([name, sync], position) => [
      name,
      position < 40 ? { ...sync, dedicated: {} } : sync,
    ]);
    synthesize({ ...config, syncs: Object.fromEntries(dedicated) }).template.resourceCountIs(
      'AWS::Lambda::Function',
      52,
    );
    synthesize(configWith({ jobs: 50, sources: 50 })).template.resourceCountIs('AWS::Lambda::Function', 52);
  });
});
