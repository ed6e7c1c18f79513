import { createHash } from 'node:crypto';
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Architecture, Code, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { jobIndexOf } from '../shared/api/job-index.ts';
import type { FerryConfig } from '../shared/config/schema.ts';
import { acknowledgeFindings, acknowledgeVersions } from './acknowledgements.ts';
import { Api } from './constructs/api.ts';
import { JobSchedule } from './constructs/job-schedule.ts';
import { StateBucket } from './constructs/state-bucket.ts';
import { SyncFunction } from './constructs/sync-function.ts';

export interface FerryStackProps extends StackProps {
  config: FerryConfig;
  /** Folder of the built Lambda code, from buildLambdaCode(). */
  codePath: string;
  /** What the code was built for. */
  architecture: 'arm64' | 'x86_64';
}

/** Logical ids allow letters and digits only; what that takes away must not make two names one. */
function logicalId(name: string): string {
  const letters = name.replaceAll(/[^A-Za-z0-9]/g, '');
  return letters === name ? name : `${letters}${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}

/** Everything that one ferry.yaml needs on AWS. Nothing has a physical name, so two stacks live side by side. */
export class FerryStack extends Stack {
  constructor(scope: Construct, id: string, { config, codePath, ...props }: FerryStackProps) {
    super(scope, id, props);
    const architecture = props.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64;
    // One asset for all functions, uploaded once.
    const code = Code.fromAsset(codePath);
    const { bucket: state } = new StateBucket(this, 'State');
    const deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });

    // Each kind of thing below a scope of its own: a name in the file can then not meet one of ours, nor one of another kind.
    const syncs = new Construct(this, 'Sync');
    const schedules = new Construct(this, 'Schedule');
    const syncFunctions = new Map<string, IFunction>();
    for (const source of new Set(Object.values(config.syncs).map((sync) => sync.source))) {
      const sync = new SyncFunction(new Construct(syncs, logicalId(source)), 'Function', {
        config,
        source,
        code,
        architecture,
        state,
        deadLetters,
      });
      syncFunctions.set(source, sync.function);
      new CfnOutput(this, `SyncFunction${logicalId(source)}`, { value: sync.function.functionName });
    }
    for (const [job, { source, schedule }] of Object.entries(config.syncs)) {
      const target = syncFunctions.get(source);
      if (schedule && target) {
        acknowledgeVersions(this, target);
        new JobSchedule(schedules, logicalId(job), { job, schedule, function: target, deadLetters });
      }
    }
    const jobs = jobIndexOf(config);
    const api = new Api(this, 'Api', { code, architecture, jobs, syncFunctions, state });
    acknowledgeFindings({ state, deadLetters, api });

    new CfnOutput(this, 'ApiUrl', {
      value: api.restApi.url,
      description: 'GET healthz; everything else signed (docs/api.md)',
    });
    new CfnOutput(this, 'ApiId', { value: api.restApi.restApiId });
    new CfnOutput(this, 'StateBucketName', { value: state.bucketName });
    new CfnOutput(this, 'DeadLetterQueueUrl', { value: deadLetters.queueUrl });
  }
}
