import { Stack, Token } from 'aws-cdk-lib';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { ConfigError } from '../../shared/errors.ts';

/** The key of `kmsKeyArn`, which encrypts what the stack keeps. Its own policy belongs to its owner (docs/deploy.md). */
export class CustomerKey extends Construct {
  readonly arn: string;
  readonly key: IKey;

  /** @throws ConfigError for a key of another region */
  constructor(scope: Construct, id: string, arn: string) {
    super(scope, id);
    assertRegion(arn, Stack.of(this).region);
    this.arn = arn;
    this.key = Key.fromKeyArn(this, 'Key', arn);
  }

  /** Lets a role read and write what is encrypted with the key. CDK's own grants have wildcards in their actions. */
  grantUse(role: IRole): void {
    role.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [this.arn] }),
    );
  }
}

/** AWS takes keys of its own region only, and says so late: when the first document or message is written. */
function assertRegion(kmsKeyArn: string, region: string): void {
  const [, , , ofKey = ''] = kmsKeyArn.split(':');
  if (Token.isUnresolved(region) || ofKey === region) return;
  throw new ConfigError(`kmsKeyArn: this key is in ${ofKey}, and the stack in ${region}.`, {
    hint: `Name a key of ${region}, or deploy to ${ofKey}.`,
  });
}
