import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import {
  type Architecture,
  type Code,
  type IFunction,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

export interface QueueStarterProps {
  /** The watchdog's: it does a part of its work at once, with its code, role, variables and log. */
  code: Code;
  architecture: Architecture;
  role: IRole;
  environment: Record<string, string>;
  logGroup: ILogGroup;
  /** Announces free slots. */
  bucket: IBucket;
}

/**
 * Starts runs that wait for a slot of their source as soon as one is free. A function of its own, because the watchdog's
 * alarm counts the watchdog's invocations.
 */
export class QueueStarter extends Construct {
  readonly function: IFunction;

  constructor(scope: Construct, id: string, { bucket, ...props }: QueueStarterProps) {
    super(scope, id);
    this.function = new LambdaFunction(this, 'Function', {
      ...props,
      description: 'Ferry: starts waiting runs',
      runtime: Runtime.NODEJS_24_X,
      handler: 'watchdog.queue',
      memorySize: 512,
      timeout: Duration.minutes(1),
      loggingFormat: LoggingFormat.TEXT,
      // The watchdog's next round makes up for it.
      retryAttempts: 0,
    });
    new Rule(this, 'SlotFree', {
      description: 'Ferry: a run waits for a slot that is free',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [bucket.bucketName] },
          object: { key: [{ wildcard: 'leases/queue/*/slot-free.json' }] },
        },
      },
      targets: [new LambdaTarget(this.function, { retryAttempts: 0 })],
    });
  }
}
