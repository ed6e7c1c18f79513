import { Size, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { EVENT_SOURCE } from '../../functions/run-event.ts';
import type { SyncEnvironment } from '../../functions/sync/environment.ts';
import { selectForJobs } from '../../shared/config/deployed-config.ts';
import type { JobFunctionPlan } from '../../shared/config/job-functions.ts';
import type { FerryConfig } from '../../shared/config/schema.ts';
import { toDuration } from '../to-duration.ts';
import { FerryFunction, type FunctionDefaults } from './ferry-function.ts';
import { JsonAsset } from './json-asset.ts';
import { grantSecrets } from './secrets.ts';
import { grantSignIn, secretsOfSources } from './source-access.ts';
import type { SourceNetwork } from './source-network.ts';
import type { StateBucket } from './state-bucket.ts';

export interface SyncFunctionProps extends FunctionDefaults {
  config: FerryConfig;
  plan: JobFunctionPlan;
  state: StateBucket;
  deadLetters: IQueue;
  /** Makes ids of scheduled runs unique. */
  scope: string;
  network: SourceNetwork | undefined;
}

// One vCPU and some: DuckDB reads and compresses in two threads from 1,769 MB on.
const MEMORY_MEGABYTES = 2048;
const EPHEMERAL_STORAGE_MEGABYTES = 4096;
/** As long as Lambda allows. */
export const DEFAULT_TIMEOUT = '15m';
// A role has room for ten policies beside its own: jobs with the longest names fill them. A source with more gets whole prefixes.
const MAXIMUM_NAMED_JOBS = 60;

/** The function that runs the syncs of one source, or a dedicated one of them: the boundary of its secrets, its role and its memory. */
export class SyncFunction extends FerryFunction<SyncEnvironment> {
  constructor(scope: Construct, id: string, { config, plan, ...props }: SyncFunctionProps) {
    const served = selectForJobs(config, plan.source, plan.jobs);
    const { memory = MEMORY_MEGABYTES, timeout = DEFAULT_TIMEOUT, ephemeralStorage } = plan.settings;
    // A sibling: it is made before the function, whose environment names it.
    const asset = new JsonAsset(scope, `${id}Config`, served);
    super(scope, id, {
      description:
        plan.dedicatedTo === undefined
          ? `Ferry: syncs of the source ${plan.source}`
          : `Ferry: the sync ${plan.dedicatedTo}`,
      code: props.code,
      architecture: props.architecture,
      logRetention: props.logRetention,
      entry: 'sync',
      environment: {
        STATE_BUCKET: props.state.bucket.bucketName,
        ...asset.location,
        STACK_NAME: props.scope,
        LOG_LEVEL: 'info',
      },
      memoryMegabytes: memory,
      timeout: toDuration(timeout),
      ephemeralStorage: Size.mebibytes(ephemeralStorage ?? EPHEMERAL_STORAGE_MEGABYTES),
      network: props.network,
      deadLetters: props.deadLetters,
    });
    asset.grantRead(this.role);
    const jobs = plan.jobs.length > MAXIMUM_NAMED_JOBS ? ['*'] : plan.jobs;
    // Files that are kept for a time are removed by the runs that come after it, the name of a state when another has superseded it.
    const removable = jobs.flatMap((job) => [`refused/${job}/*`, `archive/${job}/*`, `states/${job}.*`]);
    const kept = ['runs/*', ...jobs.flatMap((job) => [`jobs/${job}/*`, `leases/${job}.*`])];
    if (served.sources[plan.source]?.maxConcurrentRuns !== undefined) {
      // A ticket is removed when its run has a slot.
      removable.push(`leases/queue/${plan.source}/*`);
      kept.push(`leases/slots/${plan.source}/*`);
    }
    props.state.grant(this.role, { prefixes: kept, actions: ['s3:GetObject', 's3:PutObject'] });
    props.state.grant(this.role, {
      prefixes: removable,
      actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
    });
    props.state.grantList(this.role, [
      ...new Set([...kept, ...removable].map((prefix) => `${prefix.split('/')[0]}/*`)),
    ]);
    const sources = Object.values(served.sources);
    grantSecrets(this.role, [
      ...secretsOfSources(sources),
      ...Object.values(served.polyteia).map(({ token }) => token),
    ]);
    grantSignIn(this.role, sources);
    // The event of each run's end; without rules of somebody's nobody hears it.
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['events:PutEvents'],
        resources: [
          Stack.of(this).formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' }),
        ],
        conditions: { StringEquals: { 'events:source': EVENT_SOURCE } },
      }),
    );
  }
}
