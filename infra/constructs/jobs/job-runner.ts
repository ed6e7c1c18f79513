import { Size, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { DeployedConfig } from '../../../shared/config/deployment/deployed-config.ts';
import type { FunctionSettings } from '../../../shared/config/schema/deployment.ts';
import type { SecretRef } from '../../../shared/config/schema/ferry-config.ts';
import type { JobEnvironment } from '../../../shared/environment/job-environment.ts';
import { EVENT_SOURCE } from '../../../shared/environment/run-event.ts';
import { toDuration } from '../../to-duration.ts';
import { FerryFunction, type FunctionDefaults } from '../ferry-function.ts';
import { JsonAsset } from '../json-asset.ts';
import { grantSecrets } from '../secrets.ts';
import type { StateBucket } from '../state-bucket.ts';
import { grantSignIn, secretsOfSources } from './source-access.ts';
import type { SourceNetwork } from './source-network.ts';

/** What a function for jobs needs, besides what it runs. */
export interface JobRunnerProps extends FunctionDefaults {
  state: StateBucket;
  deadLetters: IQueue;
  /** Makes the ids of scheduled runs unique. */
  scope: string;
  network: SourceNetwork | undefined;
}

/** What it runs. */
interface Work {
  entry: 'sync' | 'extract';
  description: string;
  /** Its part of the configuration. */
  served: DeployedConfig;
  jobs: readonly string[];
  /** Files that Ferry's bucket stores for a limited time: of which jobs, by the folder that has one for each of them. */
  keptFiles: Readonly<Record<string, readonly string[]>>;
  /** Secrets besides those of its sources. */
  otherSecrets: readonly SecretRef[];
  settings: FunctionSettings;
}

// A little more than one vCPU: DuckDB reads and compresses in two threads from 1,769 MB on.
const MEMORY_MEGABYTES = 2048;
const EPHEMERAL_STORAGE_MEGABYTES = 4096;
/** As long as Lambda allows. */
export const DEFAULT_TIMEOUT = '15m';
// A role has room for ten policies besides its own. With the longest names, these prefixes of jobs fill seven; the rest
// is for secrets and a network.
const MAXIMUM_NAMED_PREFIXES = 300;
// Of sources with slots: each has two prefixes, and a secret that must be listed.
const MAXIMUM_NAMED_SOURCES = 60;

/**
 * A function that runs jobs: the boundary of their secrets, role and memory. Its role may store what runs leave in
 * Ferry's bucket, of these jobs only, take slots of its sources, read its secrets, and report the end of runs.
 */
export class JobRunner extends FerryFunction<JobEnvironment> {
  constructor(scope: Construct, id: string, props: JobRunnerProps, work: Work) {
    const { memory = MEMORY_MEGABYTES, timeout = DEFAULT_TIMEOUT, ephemeralStorage } = work.settings;
    // A sibling, because it is created before the function, whose environment contains its name.
    const asset = new JsonAsset(scope, `${id}Config`, work.served);
    super(scope, id, {
      description: work.description,
      code: props.code,
      architecture: props.architecture,
      logs: props.logs,
      jobMetrics: props.jobMetrics,
      telemetry: props.telemetry,
      entry: work.entry,
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
    this.#grantState(props.state, work);
    const sources = Object.values(work.served.sources);
    grantSecrets(this.role, [...secretsOfSources(sources), ...work.otherSecrets]);
    grantSignIn(this.role, sources);
    // The event of each run's end; it has no effect unless somebody adds a rule.
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

  #grantState(state: StateBucket, { served, keptFiles, ...work }: Work): void {
    let room = MAXIMUM_NAMED_PREFIXES;
    const ofEach = (jobs: readonly string[], prefixOf: (job: string) => string): string[] => {
      if (jobs.length > room) return [prefixOf('*')];
      room -= jobs.length;
      return jobs.map(prefixOf);
    };
    // What decides about a job, and then what holds its data, is the last that is granted for all jobs.
    const records = ofEach(work.jobs, (job) => `jobs/${job}/*`);
    const files = Object.entries(keptFiles).flatMap(([folder, jobs]) =>
      ofEach(jobs, (job) => `${folder}/${job}/*`),
    );
    const leases = ofEach(work.jobs, (job) => `leases/${job}.*`);
    const states = ofEach(work.jobs, (job) => `states/${job}.*`);
    const limited = Object.entries(served.sources).filter(
      ([, { maxConcurrentRuns }]) => maxConcurrentRuns !== undefined,
    );
    const sources = limited.length > MAXIMUM_NAMED_SOURCES ? ['*'] : limited.map(([name]) => name);
    // Later runs remove files that are stored for a limited time; the name of a state is removed when another has
    // superseded it, and a ticket when its run has a slot.
    const removable = [...files, ...states, ...sources.map((source) => `leases/queue/${source}/*`)];
    const kept = [...records, ...leases, ...sources.map((source) => `leases/slots/${source}/*`)];
    // Lists across jobs. A run reads nothing there, because every function may write there.
    state.grant(this.role, { prefixes: ['runs/*'], actions: ['s3:PutObject'] });
    state.grant(this.role, { prefixes: kept, actions: ['s3:GetObject', 's3:PutObject'] });
    state.grant(this.role, {
      prefixes: removable,
      actions: [
        's3:GetObject',
        's3:PutObject',
        's3:DeleteObject',
        // Large files are stored in parts, which are removed when one of them fails.
        ...(files.length > 0 ? (['s3:AbortMultipartUpload'] as const) : []),
      ],
    });
    state.grantList(this.role, [
      ...new Set([...kept, ...removable].map((prefix) => `${prefix.split('/')[0]}/*`)),
    ]);
  }
}
