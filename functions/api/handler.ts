import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { createApi } from '../../shared/api/create-api.ts';
import type { ApiDependencies } from '../../shared/api/dependencies.ts';
import { observeRequests } from '../../shared/api/observe-requests.ts';
import { ProblemError } from '../../shared/api/problems.ts';
import { routeOf } from '../../shared/api/routes.ts';
import type { AtlanDependencies } from '../../shared/atlan/atlan-dependencies.ts';
import { atlanRouteOf } from '../../shared/atlan/atlan-routes.ts';
import { createAtlanApi, joinApis } from '../../shared/atlan/create-atlan-api.ts';
import { apiEnvironmentSchema } from '../../shared/environment/api-environment.ts';
import { createS3DocumentStore } from '../../shared/runs/documents/s3-document-store.ts';
import { createRunRequestStore } from '../../shared/runs/records/run-request-store.ts';
import { createRunStore } from '../../shared/runs/records/run-store.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { traceAwsClient } from '../../shared/telemetry/trace-aws-client.ts';
import { clientSettings } from '../client-settings.ts';
import { recordTelemetry } from '../function-telemetry.ts';
import { createApiFunction } from './api-function.ts';
import { createDeployedJobs } from './deployed-jobs.ts';
import { createFunctionProbes } from './function-probes.ts';
import { createCheckStarter, createStarter } from './start-function.ts';

// API Gateway gives up after 29 s.
const RESULT_WAIT_MS = 20_000;
const PROBE_REQUEST_MS = 27_000;

const environment = apiEnvironmentSchema.parse(process.env);
const s3 = traceAwsClient(new S3Client(clientSettings), 'S3');
const logger = createLogger({ level: environment.LOG_LEVEL });
const state = createS3DocumentStore({ client: s3, bucket: environment.STATE_BUCKET });
const { readJobs, functionOf } = createDeployedJobs(
  environment,
  createS3DocumentStore({ client: s3, bucket: environment.CONFIG_BUCKET }),
);

const lambda = traceAwsClient(new LambdaClient(clientSettings), 'Lambda');
const probes = createFunctionProbes({
  lambda: traceAwsClient(
    new LambdaClient({
      maxAttempts: 1,
      requestHandler: { ...clientSettings.requestHandler, requestTimeout: PROBE_REQUEST_MS },
    }),
    'Lambda',
  ),
  readJobs,
  functionOf,
  logger,
});
const dependencies: ApiDependencies = {
  readJobs,
  documents: state,
  check: createCheckStarter({ lambda, functionOf, logger }),
  runs: createRunStore(state),
  requests: createRunRequestStore(state),
  start: createStarter({ lambda, functionOf, logger }),
  setup: {
    acceptsCredentials: false,
    startsNew: false,
    scheduler: 'eventbridge',
    async describe({ source, query, types }) {
      if (source === undefined)
        throw new ProblemError(
          422,
          'This API takes no credentials: name a source. Credentials are for ferry serve.',
        );
      return probes.columns(source, { query, types });
    },
  },
  logger,
};
const atlan: AtlanDependencies = {
  catalogs: probes,
  applicationName: 'default',
  waitMs: RESULT_WAIT_MS,
};

/** Answers the requests that API Gateway has let through. */
export const handler = recordTelemetry(
  { logger },
  createApiFunction(
    observeRequests(
      joinApis(createApi(dependencies), createAtlanApi(dependencies, atlan)),
      (path) => routeOf(path) ?? atlanRouteOf(path),
    ),
  ),
);
