import { Stack, Validations } from 'aws-cdk-lib';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { CfnBucket, IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct, IConstruct } from 'constructs';

/**
 * Findings of cdk-nag's AwsSolutions and Serverless checks that Ferry accepts, each with the reason. test/infra fails
 * for any other finding.
 */
export function acknowledgeFindings(parts: {
  state: Construct;
  deadLetters: IConstruct;
  api: Construct;
  alerts: Construct | undefined;
  watchdog: Construct;
  functions: readonly { function: IConstruct }[];
}): void {
  acknowledge(parts.state, {
    'AwsSolutions-S1':
      'Access logs would need another bucket; CloudTrail data events do the same if you want them.',
  });
  acknowledge(parts.deadLetters, {
    'AwsSolutions-SQS3': 'This is the dead-letter queue.',
    'Serverless-SQSRedrivePolicy': 'This is the dead-letter queue.',
  });
  const withoutTraces =
    'A run is one function and one record, which has the time of each phase; a trace would show one box.';
  for (const { function: target } of parts.functions) {
    acknowledge(target, {
      'Serverless-LambdaTracing': withoutTraces,
      'Serverless-LambdaDLQ': 'An on-failure destination keeps the event together with the reason.',
    });
  }
  acknowledge(parts.api, {
    'AwsSolutions-APIG1':
      'Access logs (api.accessLogs) need an account-wide role, which this stack must not set; the handler logs who started what.',
    'AwsSolutions-APIG6': 'As APIG1.',
    'AwsSolutions-APIG2': 'The router checks every request against the schemas that generate openapi.json.',
    'AwsSolutions-APIG3':
      'Every route except liveness requires a signature before anything runs, and the stage is throttled.',
    'AwsSolutions-APIG4': 'Only GET /healthz is open: liveness, without details.',
    'AwsSolutions-COG4': 'Callers sign with IAM, which needs no user pool.',
    'Serverless-APIGWAccessLogging': 'As AwsSolutions-APIG1.',
    'Serverless-APIGWStructuredLogging': 'As AwsSolutions-APIG1; the access logs are JSON.',
    'Serverless-APIGWXrayEnabled': withoutTraces,
    'Serverless-LambdaTracing': withoutTraces,
    'Serverless-LambdaDLQ': 'API Gateway waits for the answer: there is no event to keep.',
    'Serverless-LambdaAsyncFailureDestination': 'As Serverless-LambdaDLQ.',
  });
  acknowledge(parts.watchdog, {
    'Serverless-LambdaTracing': withoutTraces,
    'Serverless-LambdaDLQ':
      'The next round, five minutes later, makes up for a failed one; an alarm reports two failures.',
    'Serverless-LambdaAsyncFailureDestination': 'As Serverless-LambdaDLQ.',
    'Serverless-EventBusDLQ': 'As Serverless-LambdaDLQ.',
  });
  if (parts.alerts) {
    acknowledge(parts.alerts, {
      'Serverless-SNSRedrivePolicy':
        'Nobody would read undelivered e-mails from a queue either; SNS retries for hours on its own.',
    });
  }
}

/** A role may write documents below prefixes of the state bucket: their names contain the time and id of a run. */
export function acknowledgePrefixes(role: IConstruct, bucket: IBucket, prefixes: readonly string[]): void {
  const stack = Stack.of(role);
  const own = bucket.node.defaultChild as CfnBucket | undefined;
  const arn = own
    ? `<${stack.getLogicalId(own)}.Arn>`
    : `arn:${partitionOf(stack)}:s3:::${bucket.bucketName}`;
  for (const prefix of prefixes) {
    acknowledge(role, {
      [`AwsSolutions-IAM5[Resource::${arn}/${prefix}]`]:
        'A prefix of run records, whose names are not known in advance.',
    });
  }
}

/** Lambda requires AWS's own policy, or a similar one, before it puts a function into a VPC. */
export function acknowledgeInterfaces(role: IConstruct): void {
  acknowledge(role, {
    'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaENIManagementAccess]':
      'The minimum that Lambda accepts for network interfaces, kept up to date by AWS.',
  });
}

/** A function writes its own streams, whose names Lambda makes up. */
export function acknowledgeStreams(role: IConstruct, group: ILogGroup): void {
  const stack = Stack.of(role);
  const region = inFinding(stack, stack.region, 'AWS::Region');
  const account = inFinding(stack, stack.account, 'AWS::AccountId');
  const arn = `arn:${partitionOf(stack)}:logs:${region}:${account}:log-group:${group.logGroupName}:*`;
  acknowledge(role, { [`AwsSolutions-IAM5[Resource::${arn}]`]: 'The streams of one log group.' });
}

const partitionOf = (stack: Stack) => inFinding(stack, stack.partition, 'AWS::Partition');

/** A part of an ARN as cdk-nag writes it in the id of a finding. */
function inFinding(stack: Stack, value: string, pseudoParameter: string): string {
  const resolved: unknown = stack.resolve(value);
  return typeof resolved === 'string' ? resolved : `<${pseudoParameter}>`;
}

function acknowledge(construct: IConstruct, findings: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(findings)) Validations.of(construct).acknowledge({ id, reason });
}
