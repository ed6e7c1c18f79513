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
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { SourceNetwork } from './jobs/source-network.ts';

/** What all functions of a deployment have in common. */
export interface FunctionDefaults {
  /** The one code asset, shared by all functions. */
  code: Code;
  architecture: Architecture;
  logRetention: RetentionDays;
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

  constructor(scope: Construct, id: string, props: FerryFunctionProps<Environment>) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Log', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(this.role);
    props.network?.grantInterfaces(this.role);
    this.function = new LambdaFunction(this, 'Function', {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: props.architecture,
      code: props.code,
      handler: `${props.entry}.handler`,
      role: this.role,
      environment: props.environment,
      memorySize: props.memoryMegabytes,
      timeout: props.timeout,
      logGroup,
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
