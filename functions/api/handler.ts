import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { createApi } from '../../shared/api/create-api.ts';
import { apiEnvironmentSchema } from '../../shared/environment/api-environment.ts';
import { createS3DocumentStore } from '../../shared/runs/documents/s3-document-store.ts';
import { createRunRequestStore } from '../../shared/runs/records/run-request-store.ts';
import { createRunStore } from '../../shared/runs/records/run-store.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { clientSettings } from '../client-settings.ts';
import { createApiFunction } from './api-function.ts';
import { createDeployedJobs } from './deployed-jobs.ts';
import { createStarter } from './start-function.ts';

const environment = apiEnvironmentSchema.parse(process.env);
const s3 = new S3Client(clientSettings);
const logger = createLogger({ level: environment.LOG_LEVEL });
const state = createS3DocumentStore({ client: s3, bucket: environment.STATE_BUCKET });
const { readJobs, functionOf } = createDeployedJobs(
  environment,
  createS3DocumentStore({ client: s3, bucket: environment.CONFIG_BUCKET }),
);

/** Answers the requests that API Gateway has let through. */
export const handler = createApiFunction(
  createApi({
    readJobs,
    runs: createRunStore(state),
    requests: createRunRequestStore(state),
    start: createStarter({ lambda: new LambdaClient(clientSettings), functionOf, logger }),
    logger,
  }),
);
