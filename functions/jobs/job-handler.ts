import { join } from 'node:path';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import type { Context } from 'aws-lambda';
import { jobEnvironmentSchema, lambdaEnvironmentSchema } from '../../shared/environment/job-environment.ts';
import { telemetryEnvironmentSchema } from '../../shared/environment/telemetry-environment.ts';
import { createS3DocumentStore } from '../../shared/runs/documents/s3-document-store.ts';
import { createRunStore } from '../../shared/runs/records/run-store.ts';
import { createSecretsManagerReader } from '../../shared/source/credentials/secrets-manager-reader.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { traceAwsClient } from '../../shared/telemetry/trace-aws-client.ts';
import { clientSettings } from '../client-settings.ts';
import { recordTelemetry } from '../function-telemetry.ts';
import type { JobFunction, JobFunctionDependencies } from './job-function.ts';
import { createRunReporter } from './report-run.ts';

/**
 * Puts Lambda around a function that runs jobs: its environment, its folder, the AWS clients, and the remaining time.
 */
export function createJobHandler(
  create: (dependencies: JobFunctionDependencies) => JobFunction,
): (event: unknown, context: Context) => ReturnType<JobFunction> {
  const environment = jobEnvironmentSchema.parse(process.env);
  const { FERRY_CLOUDWATCH_METRICS } = telemetryEnvironmentSchema.parse(process.env);
  const { AWS_LAMBDA_FUNCTION_MEMORY_SIZE } = lambdaEnvironmentSchema.parse(process.env);
  const s3 = traceAwsClient(new S3Client(clientSettings), 'S3');
  const logger = createLogger({ level: environment.LOG_LEVEL });
  // The declared runtime and the actual one can only be compared here: emulators use the first `node` they find.
  logger.info({ node: process.version }, 'function started');

  const state = createS3DocumentStore({ client: s3, bucket: environment.STATE_BUCKET });
  const run = create({
    environment,
    memoryMegabytes: AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    config: createS3DocumentStore({ client: s3, bucket: environment.CONFIG_BUCKET }),
    store: createRunStore(state),
    state,
    openSecrets: (outgoing) => createSecretsManagerReader({ outgoing }),
    extensionFolders: [join(import.meta.dirname, 'extensions')],
    workFolder: '/tmp',
    logger,
    report: createRunReporter({
      stack: environment.STACK_NAME,
      // One try: events that are late are not waited for.
      client: new EventBridgeClient({ ...clientSettings, maxAttempts: 1 }),
      // The collector has them instead, if there is one: nobody pays twice.
      writeLine: (line) => void (FERRY_CLOUDWATCH_METRICS === 'on' && process.stdout.write(line)),
      logger,
    }),
  });
  return recordTelemetry({ logger }, (event: unknown, context: Context) =>
    run(event, new Date(Date.now() + context.getRemainingTimeInMillis())),
  );
}
