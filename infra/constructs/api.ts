import { Duration } from 'aws-cdk-lib';
import {
  AccessLogField,
  AccessLogFormat,
  AuthorizationType,
  EndpointType,
  LambdaIntegration,
  LogGroupLogDestination,
  RestApi,
  type RestApiProps,
  type StageOptions,
} from 'aws-cdk-lib/aws-apigateway';
import { InterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { ApiEnvironment, DeployedJobIndex } from '../../shared/environment/api-environment.ts';
import {
  FerryFunction,
  type FunctionDefaults,
  joinNames,
  type LogSettings,
  logGroupFor,
} from './ferry-function.ts';
import { JsonAsset } from './json-asset.ts';
import type { StateBucket } from './state-bucket.ts';

export interface ApiProps extends FunctionDefaults {
  jobs: DeployedJobIndex;
  /** The functions that run jobs, in the order that the index refers to. */
  functions: readonly IFunction[];
  state: StateBucket;
  accessLogs: boolean;
  /** The only ways to the API; absent for a public address. */
  vpcEndpointIds: readonly string[] | undefined;
}

/** REST API: liveness for everybody, everything else for callers that sign with IAM credentials. */
export class Api extends Construct {
  readonly restApi: RestApi;
  /** All of the environment of its function. */
  readonly variables: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, { functions, state, ...props }: ApiProps) {
    super(scope, id);
    const jobs = new JsonAsset(this, 'Jobs', props.jobs);
    const handler = new FerryFunction<ApiEnvironment>(this, 'Handler', {
      description: 'Ferry: API',
      code: props.code,
      architecture: props.architecture,
      logs: props.logs,
      jobMetrics: props.jobMetrics,
      telemetry: props.telemetry,
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
    this.variables = handler.variables;
    jobs.grantRead(handler.role);
    const read = ['runs/*', 'jobs/*', 'leases/*', 'requests/*'];
    state.grant(handler.role, { prefixes: read, actions: ['s3:GetObject'] });
    // For the last three it is enough to know that they exist.
    state.grantList(handler.role, [...read, 'states/*', 'refused/*', 'archive/*']);
    // Only the runs themselves write records.
    state.grant(handler.role, {
      prefixes: [
        'leases/*.cancel.json',
        'requests/*',
        // The trace that a run belongs to.
        ...(props.telemetry ? ['leases/*.traces.json'] : []),
      ],
      actions: ['s3:PutObject'],
    });
    // Function.grantInvoke would add every version, which nobody calls.
    const targets = functions.map((target) => target.functionArn);
    handler.role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: targets }));

    this.restApi = new RestApi(this, 'RestApi', {
      description: 'Ferry: jobs and their runs',
      ...this.#endpoint(props.vpcEndpointIds),
      // Needs an account-wide role, which this stack must not set.
      cloudWatchRole: false,
      deployOptions: {
        stageName: 'v1',
        throttlingRateLimit: 20,
        throttlingBurstLimit: 40,
        ...(props.accessLogs ? this.#accessLogs(props.logs) : {}),
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

  /**
   * A private API needs a policy. A caller of the same account needs only its own one: this one lets nobody in but for
   * liveness, and keeps out whoever comes another way.
   */
  #endpoint(ids: readonly string[] | undefined): Pick<RestApiProps, 'endpointConfiguration' | 'policy'> {
    if (ids === undefined) return { endpointConfiguration: { types: [EndpointType.REGIONAL] } };
    const vpcEndpoints = ids.map((vpcEndpointId) =>
      InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(this, vpcEndpointId, {
        vpcEndpointId,
        port: 443,
      }),
    );
    const everybody = { principals: [new AnyPrincipal()], actions: ['execute-api:Invoke'] };
    return {
      endpointConfiguration: { types: [EndpointType.PRIVATE], vpcEndpoints },
      policy: new PolicyDocument({
        statements: [
          new PolicyStatement({ ...everybody, resources: ['execute-api:/v1/GET/healthz'] }),
          new PolicyStatement({
            ...everybody,
            effect: Effect.DENY,
            resources: ['execute-api:/*'],
            conditions: { StringNotEquals: { 'aws:SourceVpce': [...ids] } },
          }),
        ],
      }),
    };
  }

  /** Who called what, when, from where and with which answer: one JSON line for each request. */
  #accessLogs(logs: LogSettings): StageOptions {
    const logGroup = logGroupFor(this, 'AccessLog', logs);
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
