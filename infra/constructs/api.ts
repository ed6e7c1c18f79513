import { Duration, Stack } from 'aws-cdk-lib';
import { AuthorizationType, EndpointType, LambdaIntegration, RestApi } from 'aws-cdk-lib/aws-apigateway';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Architecture, Code, IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { ApiEnvironment, JobIndex } from '../../functions/api/environment.ts';
import { FerryFunction } from './ferry-function.ts';
import { JsonAsset } from './json-asset.ts';

export interface ApiProps {
  code: Code;
  architecture: Architecture;
  jobs: JobIndex;
  /** The functions that run the syncs, by source. */
  syncFunctions: ReadonlyMap<string, IFunction>;
}

/** REST API: liveness for everybody, everything else for callers that sign with IAM credentials. */
export class Api extends Construct {
  readonly restApi: RestApi;

  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id);
    const jobs = new JsonAsset(this, 'Jobs', props.jobs);
    const names = Object.fromEntries(
      [...props.syncFunctions].map(([source, target]) => [source, target.functionName]),
    );
    const handler = new FerryFunction<ApiEnvironment>(this, 'Handler', {
      description: 'Ferry: API',
      code: props.code,
      architecture: props.architecture,
      entry: 'api',
      environment: {
        ...jobs.location,
        SYNC_FUNCTIONS: Stack.of(this).toJsonString(names),
        LOG_LEVEL: 'info',
      },
      memoryMegabytes: 512,
      // As long as API Gateway itself waits.
      timeout: Duration.seconds(29),
    });
    jobs.grantRead(handler.role);
    // Function.grantInvoke would add every version, which nobody calls.
    const targets = [...props.syncFunctions.values()].map((target) => target.functionArn);
    handler.role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: targets }));

    this.restApi = new RestApi(this, 'RestApi', {
      description: 'Ferry: health and triggers',
      endpointTypes: [EndpointType.REGIONAL],
      // Needs an account-wide role, which is not this stack's to set.
      cloudWatchRole: false,
      deployOptions: { stageName: 'v1', throttlingRateLimit: 20, throttlingBurstLimit: 40 },
      defaultMethodOptions: { authorizationType: AuthorizationType.IAM },
    });
    const integration = new LambdaIntegration(handler.function, { allowTestInvoke: false });
    this.restApi.root
      .addResource('healthz')
      .addMethod('GET', integration, { authorizationType: AuthorizationType.NONE });
    // The router knows the routes, the gateway only who may come in: by itself it would answer 403 to a route
    // that does not exist.
    this.restApi.root.addProxy({ anyMethod: true, defaultIntegration: integration });
  }
}
