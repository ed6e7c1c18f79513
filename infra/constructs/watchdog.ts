import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { SecretRef } from '../../shared/config/schema/ferry-config.ts';
import type { Language } from '../../shared/config/schema/language.ts';
import type { WatchdogEnvironment } from '../../shared/environment/watchdog-environment.ts';
import { METRIC_NAMESPACE } from '../../shared/telemetry/emf.ts';
import type { WatchedJobs } from '../../shared/watchdog/watched-jobs.ts';
import { alarmTexts } from './alarm-texts.ts';
import { FerryFunction, type FunctionDefaults, joinNames } from './ferry-function.ts';
import { JsonAsset } from './json-asset.ts';
import { QueueStarter } from './queue-starter.ts';
import { grantSecrets } from './secrets.ts';
import type { StateBucket } from './state-bucket.ts';

export interface WatchdogProps extends FunctionDefaults {
  jobs: WatchedJobs;
  /** The functions that run jobs, in the order that the index refers to. */
  functions: readonly IFunction[];
  state: StateBucket;
  deadLetters: IQueue;
  /** Makes the ids of scheduled runs unique. */
  scope: string;
  apiUrl: string;
  /** Whether runs may wait for a slot of their source. */
  hasQueues: boolean;
  /** Where people are notified; absent without `alerts`. */
  topic: ITopic | undefined;
  webhook: SecretRef | undefined;
  /** Of messages to people. */
  language: Language;
}

const EVERY = Duration.minutes(5);

/** Looks after the jobs every five minutes; an alarm rings when it does not. */
export class Watchdog extends Construct {
  readonly function: IFunction;
  /** All of its environment, and of the function that starts waiting runs. */
  readonly variables: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: WatchdogProps) {
    super(scope, id);
    const { functions, state, deadLetters, topic, webhook } = props;
    const jobs = new JsonAsset(this, 'Jobs', props.jobs);
    const environment: WatchdogEnvironment = {
      ...jobs.location,
      STATE_BUCKET: state.bucket.bucketName,
      FUNCTIONS: joinNames(functions),
      STACK_NAME: props.scope,
      DEAD_LETTERS_URL: deadLetters.queueUrl,
      API_URL: props.apiUrl,
      TOPIC_ARN: topic?.topicArn ?? '',
      WEBHOOK_SECRET: webhook === undefined ? '' : typeof webhook === 'string' ? webhook : webhook.arn,
      LANGUAGE: props.language,
      LOG_LEVEL: 'info',
    };
    const handler = new FerryFunction<WatchdogEnvironment>(this, 'Handler', {
      description: 'Ferry: watchdog',
      code: props.code,
      architecture: props.architecture,
      logs: props.logs,
      jobMetrics: props.jobMetrics,
      telemetry: props.telemetry,
      entry: 'watchdog',
      environment,
      memoryMegabytes: 512,
      timeout: Duration.minutes(2),
      // The next round comes anyway.
      retryAttempts: 0,
    });
    this.function = handler.function;
    this.variables = handler.variables;
    const { role } = handler;
    jobs.grantRead(role);
    state.grant(role, { prefixes: ['requests/*'], actions: ['s3:GetObject'] });
    state.grantList(
      role,
      ['jobs', 'requests', 'states', 'leases', 'alerts', 'watchdog'].map((kind) => `${kind}/*`),
    );
    // Of runs, it only writes the end of those that nobody works on, and holds their lease for that.
    state.grant(role, {
      prefixes: ['leases/*', 'alerts/*', 'watchdog/*'],
      actions: ['s3:GetObject', 's3:PutObject'],
    });
    state.grant(role, { prefixes: ['jobs/*/runs/*'], actions: ['s3:GetObject', 's3:PutObject'] });
    state.grant(role, { prefixes: ['runs/*', 'states/*'], actions: ['s3:PutObject'] });
    state.grant(role, { prefixes: ['alerts/*', 'states/*'], actions: ['s3:DeleteObject'] });
    if (props.hasQueues) {
      // The tickets of runs that it has started, or that have ended.
      state.grant(role, { prefixes: ['leases/queue/*'], actions: ['s3:DeleteObject'] });
      new QueueStarter(this, 'Queue', {
        code: props.code,
        architecture: props.architecture,
        role,
        environment: handler.variables,
        logGroup: handler.logGroup,
        bucket: state.bucket,
      });
    }
    role.addToPolicy(
      new PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: functions.map((target) => target.functionArn),
      }),
    );
    if (topic !== undefined || webhook !== undefined) {
      role.addToPolicy(
        new PolicyStatement({
          actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
          resources: [deadLetters.queueArn],
        }),
      );
    }
    if (topic)
      role.addToPolicy(new PolicyStatement({ actions: ['sns:Publish'], resources: [topic.topicArn] }));
    if (webhook !== undefined) grantSecrets(role, [webhook]);
    new Rule(this, 'Every', {
      description: 'Ferry: watchdog',
      schedule: Schedule.rate(EVERY),
      targets: [new LambdaFunction(handler.function, { retryAttempts: 0 })],
    });
    if (topic) this.#addAlarms(props.scope, topic, alarmTexts[props.language]);
  }

  #addAlarms(stack: string, topic: ITopic, texts: (typeof alarmTexts)[Language]): void {
    const silent = new Alarm(this, 'SilentAlarm', {
      alarmDescription: texts.silent,
      metric: this.function.metricInvocations({ period: EVERY }),
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.BREACHING,
    });
    const failing = new Alarm(this, 'FailingAlarm', {
      alarmDescription: texts.failing,
      metric: this.function.metricErrors({ period: EVERY }),
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    const unheard = new Alarm(this, 'NotificationsAlarm', {
      alarmDescription: texts.unheard,
      metric: new Metric({
        namespace: METRIC_NAMESPACE,
        metricName: 'NotificationsFailed',
        dimensionsMap: { Stack: stack },
        statistic: 'Sum',
        period: EVERY,
      }),
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 2,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    for (const alarm of [silent, failing, unheard]) alarm.addAlarmAction(new SnsAction(topic));
  }
}
