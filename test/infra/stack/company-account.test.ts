import type { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it, vi } from 'vitest';
import { FerryStack } from '../../../infra/ferry-stack.ts';
import { configWith, emptyCode, newApp, synthesize } from '../../support/aws/synthesize.ts';

// docs/deploy.md, "What a company's account may demand".

// CDK loads and checks much; two cores may be busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** A stack of an app with a value of its context, as `cdk -c` sets it. */
function stackWithContext(key: string, value: unknown): { app: App; stack: Stack } {
  const app = newApp();
  app.node.setContext(key, value);
  const code = emptyCode();
  const stack = new FerryStack(app, 'Ferry', {
    config: configWith({ jobs: 2, sources: 1, top: { alerts: { email: ['a@example.org'] } } }),
    codePath: code,
    serviceCodePath: code,
    architecture: 'arm64',
  });
  return { app, stack };
}

describe('the stack', () => {
  it('gives every role a permissions boundary', () => {
    const { stack } = stackWithContext('@aws-cdk/core:permissionsBoundary', { name: 'stadt-grenze' });
    const roles = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role'));
    expect(roles.length).toBeGreaterThan(3);
    for (const { Properties } of roles)
      expect(JSON.stringify(Properties.PermissionsBoundary)).toContain(':policy/stadt-grenze');
  });

  it('goes through a bootstrap with a qualifier of its own', () => {
    const { app } = stackWithContext('@aws-cdk/core:bootstrapQualifier', 'stadt1');
    const [assembly] = app.synth().stacks;
    expect(assembly?.assumeRoleArn).toContain('cdk-stadt1-deploy-role-');
    expect(JSON.stringify(assembly?.template)).not.toContain('hnb659fds');
  });
});

describe('a private API', () => {
  const vpcEndpointIds = ['vpce-0123456789abcdef0', 'vpce-0123456789abcdef1'];
  const { template } = synthesize(configWith({ jobs: 1, sources: 1, top: { api: { vpcEndpointIds } } }));

  it('can be called through its endpoints only, and lets nobody in without a policy of their own', () => {
    template.hasResourceProperties('AWS::ApiGateway::RestApi', {
      EndpointConfiguration: { Types: ['PRIVATE'], VpcEndpointIds: vpcEndpointIds },
      Policy: {
        Statement: [
          { Effect: 'Allow', Principal: { AWS: '*' }, Resource: 'execute-api:/v1/GET/healthz' },
          {
            Effect: 'Deny',
            Principal: { AWS: '*' },
            Resource: 'execute-api:/*',
            Condition: { StringNotEquals: { 'aws:SourceVpce': vpcEndpointIds } },
          },
        ].map((statement) => Match.objectLike(statement)),
      },
    });
    template.hasResourceProperties('AWS::ApiGateway::Method', { AuthorizationType: 'AWS_IAM' });
  });

  it('is not the default', () => {
    const regional = synthesize(configWith({ jobs: 1, sources: 1 })).template;
    regional.hasResourceProperties('AWS::ApiGateway::RestApi', {
      EndpointConfiguration: { Types: ['REGIONAL'] },
      Policy: Match.absent(),
    });
  });
});
