import { Duration, Stack } from 'aws-cdk-lib';
import { AuthorizationType, EndpointType, LambdaIntegration, RestApi } from 'aws-cdk-lib/aws-apigateway';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Architecture, Code, IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { ApiEnvironment } from '../../functions/api/environment.ts';
import type { JobIndex } from '../../shared/api/job-index.ts';
import { acknowledgePrefixes } from '../acknowledgements.ts';
import { FerryFunction } from './ferry-function.ts';
import { JsonAsset } from './json-asset.ts';

export interface ApiProps {
  code: Code;
  architecture: Architecture;
  jobs: JobIndex;
  /** The functions that run the syncs, by source. */
  syncFunctions: ReadonlyMap<string, IFunction>;
  state: Bucket;
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
        STATE_BUCKET: props.state.bucketName,
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
    const grant = (actions: string[], prefixes: readonly string[]) =>
      handler.role.addToPolicy(
        new PolicyStatement({
          actions,
          resources: prefixes.map((prefix) => props.state.arnForObjects(prefix)),
        }),
      );
    const written = ['leases/*.cancel.json', 'requests/*'];
    const read = ['runs/*', 'jobs/*', 'leases/*', 'requests/*'];
    const listed = [...read, 'states/*', 'refused/*', 'archive/*'];
    grant(['s3:GetObject'], read);
    grant(['s3:PutObject'], written);
    // Without it S3 answers 403 instead of 404 for a document that does not exist yet.
    handler.role.addToPolicy(
      new PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [props.state.bucketArn],
        conditions: { StringLike: { 's3:prefix': listed } },
      }),
    );
    acknowledgePrefixes(
      handler.role,
      Stack.of(this).getLogicalId(props.state.node.defaultChild as CfnBucket),
      [...new Set([...written, ...read])],
    );

    this.restApi = new RestApi(this, 'RestApi', {
      description: 'Ferry: jobs and their runs',
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
