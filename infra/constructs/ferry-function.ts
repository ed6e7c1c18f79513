import { type Duration, Fn, RemovalPolicy, type Size } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  type Architecture,
  type Code,
  type IFunction,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { type ILogGroup, LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { TelemetryConfig } from '../../shared/config/schema/telemetry.ts';
import { telemetryVariables } from '../../shared/environment/telemetry-environment.ts';
import { acknowledgeStreams } from '../acknowledgements.ts';
import type { CustomerKey } from './customer-key.ts';
import type { SourceNetwork } from './jobs/source-network.ts';
import { grantSecrets } from './secrets.ts';

/** What all log groups of a deployment have in common. */
export interface LogSettings {
  retention: RetentionDays;
  key: CustomerKey | undefined;
  /** Where everything is logged instead; its retention and key are its owner's. */
  existing?: ILogGroup;
}

/** A log group that goes with the stack, or the one that exists. */
export function logGroupFor(
  scope: Construct,
  id: string,
  { retention, key, existing }: LogSettings,
): ILogGroup {
  if (existing) return existing;
  return new LogGroup(scope, id, {
    retention,
    removalPolicy: RemovalPolicy.DESTROY,
    ...(key ? { encryptionKey: key.key } : {}),
  });
}

/** What all functions of a deployment have in common. */
export interface FunctionDefaults {
  /** The code asset, shared by all functions of its kind. */
  code: Code;
  architecture: Architecture;
  logs: LogSettings;
  /** Whether runs write metrics for CloudWatch. */
  jobMetrics: boolean;
  /** Where they send traces, metrics and logs, and their namespace there, percent-encoded. */
  telemetry?: { settings: TelemetryConfig; namespace: string } | undefined;
}

export interface FerryFunctionProps<Environment extends Record<string, string>> extends FunctionDefaults {
  description: string;
  /** File in the code asset, without its ending. */
  entry: 'sync' | 'extract' | 'api' | 'watchdog';
  environment: Environment;
  memoryMegabytes: number;
  timeout: Duration;
  ephemeralStorage?: Size;
  /** Absent: outside of any VPC. */
  network?: SourceNetwork | undefined;
  /** How often Lambda starts a killed invocation again. @default 2 */
  retryAttempts?: number;
  /** Where events go whose runs were killed in all tries. */
  deadLetters?: IQueue;
}

/** A function with a log group and its own role, which may only write that log until it is granted more. */
export class FerryFunction<Environment extends Record<string, string>> extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;
  readonly logGroup: ILogGroup;
  /** All of its environment. */
  readonly variables: Record<string, string>;

  constructor(scope: Construct, id: string, props: FerryFunctionProps<Environment>) {
    super(scope, id);
    this.logGroup = logGroupFor(this, 'Log', props.logs);
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.logGroup.grantWrite(this.role);
    if (props.logs.existing) acknowledgeStreams(this.role, props.logs.existing);
    props.network?.grantInterfaces(this.role);
    const { telemetry } = props;
    const variables = telemetry
      ? telemetryVariables(telemetry.settings, { namespace: telemetry.namespace, entry: props.entry })
      : {};
    const runsJobs = props.entry === 'sync' || props.entry === 'extract';
    this.variables = {
      ...props.environment,
      ...variables,
      ...(runsJobs && !props.jobMetrics ? { FERRY_CLOUDWATCH_METRICS: 'off' } : {}),
    };
    if (telemetry?.settings.headers !== undefined) grantSecrets(this.role, [telemetry.settings.headers]);
    this.function = new LambdaFunction(this, 'Function', {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: props.architecture,
      code: props.code,
      handler: `${props.entry}.handler`,
      role: this.role,
      environment: this.variables,
      memorySize: props.memoryMegabytes,
      timeout: props.timeout,
      logGroup: this.logGroup,
      // Ferry writes JSON itself; Lambda's wrapping would nest it.
      loggingFormat: LoggingFormat.TEXT,
      // Only for runs that the platform killed: other failures of a run are recorded and returned, not thrown.
      retryAttempts: props.retryAttempts ?? 2,
      ...props.network?.functionProps,
      ...(props.ephemeralStorage ? { ephemeralStorageSize: props.ephemeralStorage } : {}),
      ...(props.deadLetters ? { onFailure: new SqsDestination(props.deadLetters) } : {}),
    });
  }
}

/** The variable FUNCTIONS: the names of functions, which only the deployment knows. */
export const joinNames = (functions: readonly IFunction[]): string =>
  Fn.join(
    ',',
    functions.map(({ functionName }) => functionName),
  );
