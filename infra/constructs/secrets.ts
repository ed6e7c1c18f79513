import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { batchesOf } from '../../shared/batches.ts';
import type { SecretRef } from '../../shared/config/schema/ferry-config.ts';

// CDK splits a role's policy into several when it exceeds AWS's limit for one, but only between statements.
const SECRETS_A_STATEMENT = 25;

/** Lets a role read secrets, and use the customer-managed keys that encrypt them. */
export function grantSecrets(role: Role, secrets: readonly SecretRef[]): void {
  const arns = [...new Set(secrets.flatMap((secret) => secretArns(role, secret)))];
  for (const resources of batchesOf(arns, SECRETS_A_STATEMENT))
    role.addToPolicy(new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources }));
  const keys = new Set(
    secrets.flatMap((secret) => (typeof secret === 'object' && secret.kmsKeyArn ? [secret.kmsKeyArn] : [])),
  );
  for (const resources of batchesOf([...keys], SECRETS_A_STATEMENT))
    role.addToPolicy(new PolicyStatement({ actions: ['kms:Decrypt'], resources }));
}

/**
 * A secret's ARN ends in six characters that its name does not contain. An ARN that a person gives may or may not have
 * them.
 */
function secretArns(scope: Construct, secret: SecretRef): string[] {
  if (typeof secret === 'object') {
    const complete = /-[A-Za-z0-9]{6}$/.test(secret.arn);
    return complete ? [secret.arn, `${secret.arn}-??????`] : [`${secret.arn}-??????`];
  }
  const arn = Stack.of(scope).formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName: `${secret}-??????`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  return [arn];
}
