import { ArnFormat, Duration, Size, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Architecture, Code } from 'aws-cdk-lib/aws-lambda';
import type { Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { SyncEnvironment } from '../../functions/sync/environment.ts';
import { selectForSource } from '../../shared/config/deployed-config.ts';
import type { FerryConfig, SecretRef } from '../../shared/config/schema.ts';
import { acknowledgePrefixes } from '../acknowledgements.ts';
import { FerryFunction } from './ferry-function.ts';
import { JsonAsset } from './json-asset.ts';

export interface SyncFunctionProps {
  config: FerryConfig;
  source: string;
  code: Code;
  architecture: Architecture;
  state: Bucket;
  deadLetters: IQueue;
}

// One vCPU and some: DuckDB reads and compresses in two threads from 1,769 MB on.
const MEMORY_MEGABYTES = 2048;
const EPHEMERAL_STORAGE = Size.gibibytes(4);

/** The function that runs the syncs of one source: the boundary of its secrets, its role and its memory. */
export class SyncFunction extends FerryFunction<SyncEnvironment> {
  constructor(scope: Construct, id: string, props: SyncFunctionProps) {
    const served = selectForSource(props.config, props.source);
    // A sibling: it is made before the function, whose environment names it.
    const config = new JsonAsset(scope, `${id}Config`, served);
    super(scope, id, {
      description: `Ferry: syncs of the source ${props.source}`,
      code: props.code,
      architecture: props.architecture,
      entry: 'sync',
      environment: {
        STATE_BUCKET: props.state.bucketName,
        ...config.location,
        STACK_NAME: Stack.of(scope).stackName,
        LOG_LEVEL: 'info',
      },
      memoryMegabytes: MEMORY_MEGABYTES,
      timeout: Duration.minutes(15),
      ephemeralStorage: EPHEMERAL_STORAGE,
      deadLetters: props.deadLetters,
    });
    config.grantRead(this.role);
    const jobs = Object.keys(served.syncs);
    const limited = served.sources[props.source]?.maxConcurrentRuns !== undefined;
    const tickets = `leases/queue/${props.source}/*`;
    const kept = jobs.flatMap((job) => [`refused/${job}/*`, `archive/${job}/*`]);
    const states = jobs.map((job) => `states/${job}.*`);
    const prefixes = [
      'runs/*',
      ...(limited ? [`leases/slots/${props.source}/*`, tickets] : []),
      ...jobs.flatMap((job) => [`jobs/${job}/*`, `leases/${job}.*`]),
      ...kept,
      ...states,
    ];
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['s3:GetObject', 's3:PutObject'],
        resources: prefixes.map((prefix) => props.state.arnForObjects(prefix)),
      }),
    );
    // Files that are kept for a time are removed by the runs that come after it, a ticket when its run has a slot, the name of a state
    // when another has superseded it.
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['s3:DeleteObject'],
        resources: [...(limited ? [tickets] : []), ...kept, ...states].map((prefix) =>
          props.state.arnForObjects(prefix),
        ),
      }),
    );
    // Without it S3 answers 403 instead of 404 for a document that does not exist yet.
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [props.state.bucketArn],
        conditions: { StringLike: { 's3:prefix': prefixes } },
      }),
    );
    acknowledgePrefixes(
      this.role,
      Stack.of(scope).getLogicalId(props.state.node.defaultChild as CfnBucket),
      prefixes,
    );
    const secrets = [
      ...Object.values(served.sources).map(({ auth }) => auth.secret),
      ...Object.values(served.polyteia).map(({ token }) => token),
    ];
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['secretsmanager:GetSecretValue'],
        resources: [...new Set(secrets.flatMap((secret) => secretArns(this, secret)))],
      }),
    );
    const keys = new Set(
      secrets.flatMap((secret) => (typeof secret === 'object' && secret.kmsKeyArn ? [secret.kmsKeyArn] : [])),
    );
    if (keys.size > 0) {
      this.role.addToPolicy(new PolicyStatement({ actions: ['kms:Decrypt'], resources: [...keys] }));
    }
  }
}

/** A secret's ARN ends in six characters that its name does not tell, and that an ARN given by a person may or may not have. */
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
