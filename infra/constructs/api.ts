import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  AccessLogField,
  AccessLogFormat,
  AuthorizationType,
  EndpointType,
  LambdaIntegration,
  LogGroupLogDestination,
  RestApi,
  type StageOptions,
} from 'aws-cdk-lib/aws-apigateway';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ApiEnvironment, DeployedJobIndex } from '../../shared/environment/api-environment.ts';
import { FerryFunction, type FunctionDefaults, joinNames } from './ferry-function.ts';
import { JsonAsset } from './json-asset.ts';
import type { StateBucket } from './state-bucket.ts';

export interface ApiProps extends FunctionDefaults {
  jobs: DeployedJobIndex;
  /** The functions that run jobs, in the order that the index refers to. */
  functions: readonly IFunction[];
  state: StateBucket;
  accessLogs: boolean;
}

/** REST API: liveness for everybody, everything else for callers that sign with IAM credentials. */
export class Api extends Construct {
  readonly restApi: RestApi;

  constructor(scope: Construct, id: string, { functions, state, ...props }: ApiProps) {
    super(scope, id);
    const jobs = new JsonAsset(this, 'Jobs', props.jobs);
    const handler = new FerryFunction<ApiEnvironment>(this, 'Handler', {
      description: 'Ferry: API',
      code: props.code,
      architecture: props.architecture,
      logRetention: props.logRetention,
      entry: 'api',
      environment: {
        ...jobs.location,
        STATE_BUCKET: state.bucket.bucketName,
        FUNCTIONS: joinNames(functions),
        LOG_LEVEL: 'info',
      },
      memoryMegabytes: 512,
      // As long as API Gateway itself waits.
      timeout: Duration.seconds(29),
    });
    jobs.grantRead(handler.role);
    const read = ['runs/*', 'jobs/*', 'leases/*', 'requests/*'];
    state.grant(handler.role, { prefixes: read, actions: ['s3:GetObject'] });
    // For the last three it is enough to know that they exist.
    state.grantList(handler.role, [...read, 'states/*', 'refused/*', 'archive/*']);
    // Only the runs themselves write records.
    state.grant(handler.role, {
      prefixes: ['leases/*.cancel.json', 'requests/*'],
      actions: ['s3:PutObject'],
    });
    // Function.grantInvoke would add every version, which nobody calls.
    const targets = functions.map((target) => target.functionArn);
    handler.role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: targets }));

    this.restApi = new RestApi(this, 'RestApi', {
      description: 'Ferry: jobs and their runs',
      endpointTypes: [EndpointType.REGIONAL],
      // Needs an account-wide role, which this stack must not set.
      cloudWatchRole: false,
      deployOptions: {
        stageName: 'v1',
        throttlingRateLimit: 20,
        throttlingBurstLimit: 40,
        ...(props.accessLogs ? this.#accessLogs(props.logRetention) : {}),
      },
      defaultMethodOptions: { authorizationType: AuthorizationType.IAM },
    });
    const integration = new LambdaIntegration(handler.function, { allowTestInvoke: false });
    this.restApi.root
      .addResource('healthz')
      .addMethod('GET', integration, { authorizationType: AuthorizationType.NONE });
    // The router knows the routes, the gateway only who may call: on its own it would answer 403 to a route that does
    // not exist.
    this.restApi.root.addProxy({ anyMethod: true, defaultIntegration: integration });
  }

  /** Who called what, when, from where and with which answer: one JSON line for each request. */
  #accessLogs(retention: RetentionDays): StageOptions {
    const logGroup = new LogGroup(this, 'AccessLog', { retention, removalPolicy: RemovalPolicy.DESTROY });
    const format = {
      time: AccessLogField.contextRequestTime(),
      requestId: AccessLogField.contextRequestId(),
      caller: AccessLogField.contextIdentityUserArn(),
      sourceIp: AccessLogField.contextIdentitySourceIp(),
      method: AccessLogField.contextHttpMethod(),
      path: AccessLogField.contextPath(),
      status: AccessLogField.contextStatus(),
      latencyMs: AccessLogField.contextResponseLatency(),
    };
    return {
      accessLogDestination: new LogGroupLogDestination(logGroup),
      accessLogFormat: AccessLogFormat.custom(JSON.stringify(format)),
    };
  }
}
