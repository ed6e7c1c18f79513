import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { configWith, statementsIn, synthesize } from '../../support/aws/synthesize.ts';

// CDK loads and checks much; two cores may be busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const kmsKeyArn = 'arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-0000-0000-000000000000';
/** How the types name their key. */
const KEY_OF: Readonly<Record<string, string>> = {
  'AWS::Logs::LogGroup': 'KmsKeyId',
  'AWS::SQS::Queue': 'KmsMasterKeyId',
  'AWS::SNS::Topic': 'KmsMasterKeyId',
};
const stackWith = (top: Record<string, unknown>) =>
  synthesize(
    configWith({
      jobs: 2,
      sources: 1,
      top: { alerts: { email: ['a@example.org'] }, api: { accessLogs: true }, ...top },
    }),
  ).template;

describe('a key of one’s own', () => {
  const template = stackWith({ kmsKeyArn });

  it.each(Object.entries(KEY_OF))('encrypts every %s', (type, property) => {
    const found = Object.values(template.findResources(type)).map(({ Properties }) => Properties[property]);
    expect(found.length).toBeGreaterThan(0);
    expect(new Set(found)).toEqual(new Set([kmsKeyArn]));
    const without = Object.values(stackWith({}).findResources(type));
    expect(without.map(({ Properties }) => Properties?.[property])).toEqual(without.map(() => undefined));
  });

  it('may be used by every role that sends, publishes or stores', () => {
    const policies = Object.keys({
      ...template.findResources('AWS::IAM::Policy'),
      ...template.findResources('AWS::IAM::ManagedPolicy'),
    });
    const using = policies.filter((id) =>
      statementsIn(template, id).some(
        ({ Action, Resource }) =>
          JSON.stringify(Action) === '["kms:Decrypt","kms:GenerateDataKey"]' && Resource === kmsKeyArn,
      ),
    );
    expect(using).toEqual(policies);
    expect(policies.join()).toMatch(/Starter.*Sync|Sync.*Starter/);
  });

  it('needs a policy for the services without a role, which docs/deploy.md shows', () => {
    const page = readFileSync(new URL('../../../docs/deploy.md', import.meta.url), 'utf8');
    const [, block = ''] = /^## Your own key$.*?^```json\n(.*?)^```/ms.exec(page) ?? [];
    const statements = JSON.parse(`[${block}]`) as { Principal: { Service: string }; Action: string[] }[];
    expect(statements.map(({ Principal }) => Principal.Service)).toEqual([
      'logs.REGION.amazonaws.com',
      'cloudwatch.amazonaws.com',
    ]);
    for (const { Action } of statements)
      expect(Action).toEqual(expect.arrayContaining(['kms:GenerateDataKey*']));
  });
});
