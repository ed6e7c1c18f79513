import { Annotations, CfnOutput, type CfnOutputProps, Stack, Tags } from 'aws-cdk-lib';
import { Architecture, type CfnFunction, Code, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { jobIndexOf } from '../shared/api/jobs/job-index.ts';
import {
  functionOutputOfExtraction,
  functionOutputOfJob,
  functionOutputOfSource,
  logicalId,
  outputPrefix,
} from '../shared/config/deployment/function-outputs.ts';
import { type JobFunctionPlan, planDeployment } from '../shared/config/deployment/job-functions.ts';
import { networkOf } from '../shared/config/rules/extraction-network.ts';
import { warnOfClosedNetworks } from '../shared/config/rules/network-warnings.ts';
import type { FerryConfig } from '../shared/config/schema/ferry-config.ts';
import type { DeployedJobIndex } from '../shared/environment/api-environment.ts';
import { ConfigError } from '../shared/errors.ts';
import { watchedJobsOf } from '../shared/watchdog/watched-jobs.ts';
import { acknowledgeFindings } from './acknowledgements.ts';
import { Alerts } from './constructs/alerts.ts';
import { Api } from './constructs/api.ts';
import { CustomerKey } from './constructs/customer-key.ts';
import { Dashboard } from './constructs/dashboard.ts';
import { DeadLetters } from './constructs/dead-letters.ts';
import type { FunctionDefaults } from './constructs/ferry-function.ts';
import { ExtractFunction } from './constructs/jobs/extract-function.ts';
import { DEFAULT_TIMEOUT } from './constructs/jobs/job-runner.ts';
import { JobSchedule } from './constructs/jobs/job-schedule.ts';
import { SourceNetwork } from './constructs/jobs/source-network.ts';
import { SyncFunction } from './constructs/jobs/sync-function.ts';
import { StarterRole } from './constructs/starter-role.ts';
import { StateBucket } from './constructs/state-bucket.ts';
import { Watchdog } from './constructs/watchdog.ts';
import { assertFits, assertStackFits } from './stack-size.ts';

export interface FerryProps {
  /** From loadConfig(): it contains certificates as text, not as paths. */
  config: FerryConfig;
  /** Folder of the code that runs jobs, from buildLambdaCode(). */
  codePath: string;
  /** Folder of the code of the API and the watchdog, from buildServiceCode(). */
  serviceCodePath: string;
  /** The processor that the code was built for. */
  architecture: 'arm64' | 'x86_64';
}

/** A function of this deployment and the jobs that it runs. */
export interface JobFunction {
  plan: JobFunctionPlan;
  function: IFunction;
}

/**
 * Everything that one ferry.yaml needs on AWS, to be put into a stack. Nothing has a physical name, so two can exist
 * side by side.
 *
 * @throws ConfigError when the configuration has no jobs, or is too large for one stack, or when another one in the
 *   stack has the same id but for characters that outputs cannot have
 */
export class Ferry extends Construct {
  /** Run records, baselines, refused files: stays when the stack is destroyed. */
  readonly bucket: IBucket;
  /** Holds the events of starts that were lost. */
  readonly deadLetters: IQueue;
  readonly functions: readonly JobFunction[];
  /** Address of the API, with a slash at its end. */
  readonly apiUrl: string;
  /** Where alerts go; absent without `alerts` in the configuration. */
  readonly alertTopic: ITopic | undefined;

  constructor(scope: Construct, id: string, props: FerryProps) {
    super(scope, id);
    const { config, codePath, serviceCodePath, architecture } = props;
    const plans = planDeployment(config);
    const key =
      config.kmsKeyArn === undefined ? undefined : new CustomerKey(this, 'CustomerKey', config.kmsKeyArn);
    const hasQueues = Object.values(config.sources).some(
      ({ maxConcurrentRuns }) => maxConcurrentRuns !== undefined,
    );
    const state = new StateBucket(this, 'State', { adopt: config.bucket, key, announces: hasQueues });
    const deadLetters = new DeadLetters(this, 'DeadLetters', key);
    const defaults: FunctionDefaults = {
      // One asset for all functions that run jobs, uploaded once.
      code: Code.fromAsset(codePath),
      architecture: architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
      logs: {
        retention: config.logRetention ?? RetentionDays.THREE_MONTHS,
        key,
        ...(config.logGroup === undefined
          ? {}
          : { existing: LogGroup.fromLogGroupName(this, 'LogGroup', config.logGroup) }),
      },
      jobMetrics: config.jobMetrics,
      telemetry: config.telemetry && { settings: config.telemetry, namespace: this.#encodedScope() },
    };
    const serviceDefaults: FunctionDefaults = { ...defaults, code: Code.fromAsset(serviceCodePath) };
    this.functions = this.#addFunctions(config, plans, state, deadLetters, defaults);
    const targets = this.functions.map((target) => target.function);
    this.#addSchedules(config, deadLetters, key);
    const api = new Api(this, 'Api', {
      ...serviceDefaults,
      jobs: indexOf(config, plans),
      functions: targets,
      state,
      accessLogs: config.api?.accessLogs ?? false,
      vpcEndpointIds: config.api?.vpcEndpointIds,
    });
    const { language = 'en' } = config;
    const alerts = config.alerts
      ? new Alerts(this, 'Alerts', { ...config.alerts, deadLetters, key, language })
      : undefined;
    const watchdog = new Watchdog(this, 'Watchdog', {
      ...serviceDefaults,
      jobs: watchedJobsOf(config, DEFAULT_TIMEOUT),
      functions: targets,
      state,
      deadLetters,
      scope: this.#runScope(),
      apiUrl: api.restApi.url,
      hasQueues,
      topic: alerts?.topic,
      webhook: config.alerts?.webhook,
      language,
    });

    if (config.dashboard) new Dashboard(this, 'Dashboard', { stack: this.#runScope() });

    this.bucket = state.bucket;
    this.deadLetters = deadLetters;
    this.apiUrl = api.restApi.url;
    this.alertTopic = alerts?.topic;
    for (const [key, value] of Object.entries(config.tags ?? {})) Tags.of(this).add(key, value);
    for (const warning of warnOfClosedNetworks(config))
      Annotations.of(this).addWarningV2('ferry:no-way-out', warning);
    if (hasQueues && config.bucket !== undefined)
      Annotations.of(this).addWarningV2(
        'ferry:silent-bucket',
        `Runs that wait for a slot of their source start within five minutes, and at once if ${config.bucket} sends its events to EventBridge (docs/deploy.md, "A bucket that exists").`,
      );
    const noMetrics = config.jobMetrics
      ? config.telemetry?.metrics === 'otlp' &&
        'metrics go to the collector: set telemetry.metrics: cloudwatch'
      : 'there are no metrics of jobs: leave out jobMetrics: false';
    if (config.dashboard && noMetrics)
      Annotations.of(this).addWarningV2(
        'ferry:empty-dashboard',
        `The dashboard shows nothing, because ${noMetrics}, or leave out dashboard.`,
      );
    acknowledgeFindings({ state, deadLetters, api, alerts, watchdog, functions: this.functions });
    this.#addOutputs(api.restApi.restApiId);
    const stack = Stack.of(this);
    const sized = this.functions.map(({ plan, function: target }) => ({
      plan,
      logicalId: stack.getLogicalId(target.node.defaultChild as CfnFunction),
    }));
    assertFits(this, config, sized, [api.variables, watchdog.variables]);
    // Thrown and not returned, as CDK would put it into a message of its own.
    this.node.addValidation({
      validate: () => {
        assertStackFits(this, config, plans);
        return [];
      },
    });
  }

  /**
   * Each kind of resource is in its own scope, so a name in the file cannot collide with one of ours, or of another
   * kind.
   */
  #addFunctions(
    config: FerryConfig,
    plans: readonly JobFunctionPlan[],
    state: StateBucket,
    deadLetters: IQueue,
    defaults: FunctionDefaults,
  ): JobFunction[] {
    const syncs = groupIn(this, 'Sync');
    const dedicated = groupIn(this, 'Dedicated');
    const extractions = groupIn(this, 'Extract');
    const networks = this.#addNetworks(config, plans);
    return plans.map((plan) => {
      const network = networks.get(nameOfNetwork(plan));
      const props = { ...defaults, config, state, deadLetters, scope: this.#runScope(), network };
      if (plan.kind === 'extraction') {
        const scope = new Construct(extractions, logicalId(plan.job));
        return { plan, function: new ExtractFunction(scope, 'Function', { ...props, plan }).function };
      }
      const scope =
        plan.dedicatedTo === undefined
          ? new Construct(syncs, logicalId(plan.source))
          : new Construct(dedicated, logicalId(plan.dedicatedTo));
      return { plan, function: new SyncFunction(scope, 'Function', { ...props, plan }).function };
    });
  }

  /**
   * A network for each source with syncs, and one for each extraction, because its sources share one. Each has its own
   * security group.
   */
  #addNetworks(config: FerryConfig, plans: readonly JobFunctionPlan[]): Map<string, SourceNetwork> {
    const ofSources = groupIn(this, 'Network');
    const ofExtractions = groupIn(this, 'ExtractNetwork');
    const networks = new Map<string, SourceNetwork>();
    for (const plan of plans) {
      const name = nameOfNetwork(plan);
      const extraction = plan.kind === 'extraction' ? config.extractions[plan.job] : undefined;
      const network =
        plan.kind === 'sync'
          ? config.sources[plan.source]?.network
          : extraction && networkOf(config, extraction);
      if (!network || networks.has(name)) continue;
      networks.set(
        name,
        plan.kind === 'sync'
          ? new SourceNetwork(ofSources, logicalId(plan.source), {
              of: name,
              reaches: name,
              network,
            })
          : new SourceNetwork(ofExtractions, logicalId(plan.job), {
              of: name,
              reaches: `the sources of ${name}`,
              network,
            }),
      );
    }
    return networks;
  }

  #addSchedules(config: FerryConfig, deadLetters: IQueue, key: CustomerKey | undefined): void {
    const schedules = groupIn(this, 'Schedule');
    const starter = new StarterRole(
      this,
      'Starter',
      this.functions.map((target) => target.function),
      deadLetters,
    );
    // A start that it cannot deliver goes into the queue encrypted.
    key?.grantUse(starter);
    for (const { plan, function: target } of this.functions) {
      for (const job of plan.jobs) {
        const { schedule } = (plan.kind === 'sync' ? config.syncs : config.extractions)[job] ?? {};
        if (schedule)
          new JobSchedule(schedules, logicalId(job), {
            job,
            schedule,
            function: target,
            starter,
            deadLetters,
          });
      }
    }
  }

  #addOutputs(restApiId: string): void {
    // CDK would add a hash to the name of one in a construct, and `ferry --stack` could not find it.
    const prefix = outputPrefix(this.#place());
    const twin = Stack.of(this)
      .node.findAll()
      .filter((one) => one instanceof Ferry && one !== this && Stack.of(one) === Stack.of(this))
      .find((one) => outputPrefix((one as Ferry).#place()) === prefix);
    if (twin)
      throw new ConfigError(
        `The outputs of ${this.node.path} would have the same names as those of ${twin.node.path}.`,
        { hint: 'Choose an id that differs in letters or digits.' },
      );
    const add = (id: string, props: CfnOutputProps) =>
      new CfnOutput(this, id, props).overrideLogicalId(`${prefix}${id}`);
    for (const { plan, function: target } of this.functions)
      add(outputOf(plan), { value: target.functionName });
    add('ApiUrl', {
      value: this.apiUrl,
      description: 'GET healthz is open, everything else must be signed (docs/api.md)',
    });
    add('ApiId', { value: restApiId });
    add('StateBucketName', { value: this.bucket.bucketName });
    add('DeadLetterQueueUrl', { value: this.deadLetters.queueUrl });
  }

  /** The path in the stack; empty if it is the stack's only content. */
  #place(): string {
    const path = this.node.path.slice(Stack.of(this).node.path.length + 1);
    return path === HIDDEN_ID ? '' : path;
  }

  /** Makes run ids unique: the stack's name, and the construct's path if it is not the stack's only content. */
  #runScope(): string {
    const { stackName } = Stack.of(this);
    const place = this.#place();
    return place === '' ? stackName : `${stackName}/${place}`;
  }

  /**
   * The same, percent-encoded. Only the deployment knows the name of a nested stack, which has letters, digits and
   * dashes.
   */
  #encodedScope(): string {
    const { stackName } = Stack.of(this);
    return `${stackName}${encodeURIComponent(this.#runScope().slice(stackName.length))}`;
  }
}

/**
 * A scope whose children have names of the file. None is its default child: CDK would look for one called Default or
 * Resource, and throw if there are both.
 */
function groupIn(scope: Construct, id: string): Construct {
  const group = new Construct(scope, id);
  Object.defineProperty(group.node, 'defaultChild', { value: undefined });
  return group;
}

/** Whose network a function is in, in words. */
const nameOfNetwork = (plan: JobFunctionPlan) =>
  plan.kind === 'sync' ? `the source ${plan.source}` : `the extraction ${plan.job}`;

/** The output that names a function. */
function outputOf(plan: JobFunctionPlan): string {
  if (plan.kind === 'extraction') return functionOutputOfExtraction(plan.job);
  return plan.dedicatedTo === undefined
    ? functionOutputOfSource(plan.source)
    : functionOutputOfJob(plan.dedicatedTo);
}

/**
 * An id that CDK leaves out of logical ids: the content of FerryStack has the ids that it would have directly in the
 * stack.
 */
export const HIDDEN_ID = 'Default';

/** The index of jobs, with the function that runs each: its position in the list of functions. */
function indexOf(config: FerryConfig, plans: readonly JobFunctionPlan[]): DeployedJobIndex {
  const index = jobIndexOf(config);
  const deployed = plans.flatMap(({ jobs }, place) =>
    jobs.flatMap((job) => (index[job] ? [[job, { ...index[job], function: place }] as const] : [])),
  );
  return Object.fromEntries(deployed);
}
