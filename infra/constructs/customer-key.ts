import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { assertRegion } from './assert-region.ts';

/** The key of `kmsKeyArn`, which encrypts what the stack keeps. Its own policy belongs to its owner (docs/deploy.md). */
export class CustomerKey extends Construct {
  readonly arn: string;
  readonly key: IKey;

  /** @throws ConfigError for a key of another region */
  constructor(scope: Construct, id: string, arn: string) {
    super(scope, id);
    // AWS takes keys of its own region only, and says so late: when the first document or message is written.
    assertRegion(this, { field: 'kmsKeyArn', kind: 'key', arn });
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
