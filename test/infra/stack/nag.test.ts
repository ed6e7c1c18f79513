import { fileURLToPath } from 'node:url';
import { App, type Environment, Stack } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../../shared/config/load-config.ts';
import type { FerryConfig } from '../../../shared/config/schema/ferry-config.ts';
import { configWith, synthesize } from '../../support/aws/synthesize.ts';

// CDK loads and checks much; two cores may be busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const packs = { AwsSolutions: AwsSolutionsChecks, Serverless: ServerlessChecks };

const everyOption = async () => {
  const path = fileURLToPath(new URL('../../../examples/ferry.yaml', import.meta.url));
  return (await loadConfig({ path, environment: {} })).config;
};
const ownBucketAndTopic = async (): Promise<FerryConfig> => {
  const { bucket: _bucket, alerts: _alerts, ...config } = await everyOption();
  return { ...config, alerts: { email: ['a@example.org'] } };
};
const signingIn = async (): Promise<FerryConfig> => {
  const config = await everyOption();
  const sync = config.syncs['open-orders'] as FerryConfig['syncs'][string];
  const sources = Object.keys(config.sources).filter(
    (name) => config.sources[name]?.auth.type !== 'password',
  );
  return {
    ...config,
    syncs: Object.fromEntries(sources.map((source) => [`of-${source}`, { ...sync, source }])),
  };
};
const german: Environment = { account: '111122223333', region: 'eu-central-1' };

const extractionsOnly = () => {
  const login = { type: 'postgres', host: 'h', database: 'd', auth: { type: 'password', secret: 's' } };
  const network = { vpcId: 'vpc-0123456789abcdef0', subnetIds: ['subnet-0123456789abcdef0'] };
  const top = {
    sources: { erp: { ...login, network, maxConcurrentRuns: 2 }, hr: { ...login, network } },
    extractions: {
      'own-bucket': { sources: ['*'], schedule: { cron: '0 5 * * *' } },
      'another-bucket': {
        sources: ['erp'],
        output: { bucket: 'city-catalogs', prefix: 'a-b', layout: 'sdk' },
      },
    },
  };
  return configWith({ jobs: 0, sources: 0, top });
};

const cases: [string, () => Promise<FerryConfig> | FerryConfig, Environment][] = [
  ['a small stack', () => configWith({ jobs: 2, sources: 1 }), {}],
  ['a large one, whose policies are split', () => configWith({ jobs: 300, sources: 10 }), {}],
  ['extractions only', extractionsOnly, {}],
  ['extractions only, in an account that is known', extractionsOnly, german],
  ['every option of examples/ferry.yaml', everyOption, {}],
  ['every option, in an account that is known', everyOption, german],
  ['sources that sign in by IAM', signingIn, german],
  ['every option, with a bucket and its own topic', ownBucketAndTopic, german],
];

it.each(Object.entries(packs))('cdk-nag’s %s finds what nobody has acknowledged', (_pack, Checks) => {
  const app = new App();
  new Queue(new Stack(app, 'Other'), 'Queue');
  app.synth();
  expect(new Checks(app).validateScope(app).violations).not.toEqual([]);
});

describe.each(cases)('%s', (_name, configuration, env) => {
  let app: App;
  beforeAll(async () => {
    ({ app } = synthesize(await configuration(), env));
  });

  it.each(Object.entries(packs))(
    'passes cdk-nag’s %s, except for findings that are acknowledged with a reason',
    (_pack, Checks) => {
      const { violations } = new Checks(app).validateScope(app);
      const found = violations.flatMap(({ ruleName, violatingResources }) =>
        violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
      );
      expect(found).toEqual([]);
    },
  );
});
