import { type Stack, Validations } from 'aws-cdk-lib';
import type { CfnFunction, IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

/**
 * What cdk-nag's AwsSolutions asks for and Ferry does not do, each with the reason. A finding that is not here fails
 * test/unit/infra.
 */
export function acknowledgeFindings(parts: {
  state: Construct;
  deadLetters: Construct;
  api: Construct;
}): void {
  acknowledge(parts.state, {
    'AwsSolutions-S1':
      'Access logs would need a bucket of their own; CloudTrail data events do the same for those who want them.',
  });
  acknowledge(parts.deadLetters, { 'AwsSolutions-SQS3': 'This is the dead-letter queue.' });
  acknowledge(parts.api, {
    'AwsSolutions-APIG1':
      'Access logs need an account-wide role that is not this stack’s to set; the handler logs who started what.',
    'AwsSolutions-APIG6': 'As APIG1.',
    'AwsSolutions-APIG2': 'The router checks every request against the schemas that openapi.json is made of.',
    'AwsSolutions-APIG3':
      'Every route but liveness asks for a signature before anything runs, and the stage is throttled.',
    'AwsSolutions-APIG4': 'Only GET /healthz is open: liveness, without details.',
    'AwsSolutions-COG4': 'Callers are signed by IAM, which needs no user pool.',
  });
}

/** A role may write documents below prefixes of the state bucket: their names hold the time and id of a run. */
export function acknowledgePrefixes(
  role: Construct,
  bucketLogicalId: string,
  prefixes: readonly string[],
): void {
  for (const prefix of prefixes) {
    acknowledge(role, {
      [`AwsSolutions-IAM5[Resource::<${bucketLogicalId}.Arn>/${prefix}]`]:
        'A prefix of run records, whose names cannot be known beforehand.',
    });
  }
}

/** CDK's schedule target grants every version of the function, which is the function itself. */
export function acknowledgeVersions(stack: Stack, target: IFunction): void {
  const id = stack.getLogicalId(target.node.defaultChild as CfnFunction);
  acknowledge(stack, {
    [`AwsSolutions-IAM5[Resource::<${id}.Arn>:*]`]: 'Versions of the one function that the schedule starts.',
  });
}

function acknowledge(construct: Construct, findings: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(findings)) Validations.of(construct).acknowledge({ id, reason });
}
