import { Duration } from 'aws-cdk-lib';
import { type CfnQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { CustomerKey } from './customer-key.ts';

/** Holds the events of starts that were lost, encrypted with the stack's key or with one of SQS. */
export class DeadLetters extends Queue {
  constructor(scope: Construct, id: string, key: CustomerKey | undefined) {
    super(scope, id, {
      // CDK would grant each sender the key once more, with wildcards in the actions.
      encryption: key ? QueueEncryption.UNENCRYPTED : QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    if (!key) return;
    const queue = this.node.defaultChild as CfnQueue;
    queue.sqsManagedSseEnabled = undefined;
    queue.kmsMasterKeyId = key.arn;
  }
}
