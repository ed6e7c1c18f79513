import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import {
  lambdaEnvironmentSchema,
  watchdogEnvironmentSchema,
} from '../../shared/environment/watchdog-environment.ts';
import { createS3DocumentStore } from '../../shared/runs/documents/s3-document-store.ts';
import { createRunRequestStore } from '../../shared/runs/records/run-request-store.ts';
import { createRunStore } from '../../shared/runs/records/run-store.ts';
import { createLateSecretsManagerReader } from '../../shared/source/credentials/late-secrets-manager.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { traceAwsClient } from '../../shared/telemetry/trace-aws-client.ts';
import { clientSettings } from '../client-settings.ts';
import { recordTelemetry } from '../function-telemetry.ts';
import { createDeadLetterQueue } from './dead-letters.ts';
import { createDeployedStarts } from './deployed-starts.ts';
import { createQueueFunction } from './queue-function.ts';
import { createTopic } from './topic.ts';
import { createWatchdogFunction } from './watchdog-function.ts';

const environment = watchdogEnvironmentSchema.parse(process.env);
const { AWS_REGION: region } = lambdaEnvironmentSchema.parse(process.env);
const s3 = traceAwsClient(new S3Client(clientSettings), 'S3');
const lambda = traceAwsClient(new LambdaClient(clientSettings), 'Lambda');
const logger = createLogger({ level: environment.LOG_LEVEL });
const documents = createS3DocumentStore({ client: s3, bucket: environment.STATE_BUCKET });
const { TOPIC_ARN, STACK_NAME } = environment;
const starts = createDeployedStarts({
  environment,
  config: createS3DocumentStore({ client: s3, bucket: environment.CONFIG_BUCKET }),
  invoke: async (FunctionName, event) => {
    const Payload = Buffer.from(JSON.stringify(event));
    await lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }));
  },
});
const state = {
  documents,
  runs: createRunStore(documents),
  requests: createRunRequestStore(documents),
  logger,
};

const round = createWatchdogFunction({
  ...state,
  environment,
  region,
  starts,
  deadLetters: createDeadLetterQueue(
    traceAwsClient(new SQSClient(clientSettings), 'SQS'),
    environment.DEAD_LETTERS_URL,
  ),
  topic:
    TOPIC_ARN === ''
      ? undefined
      : createTopic(traceAwsClient(new SNSClient(clientSettings), 'SNS'), TOPIC_ARN),
  secrets: createLateSecretsManagerReader({ outgoing: {} }),
  writeLine: (line) => process.stdout.write(line),
});

/** One round of the watchdog. */
export const handler = recordTelemetry({ logger }, (_event: unknown, _context: Context) => round());

const startWaiting = createQueueFunction({ ...state, scope: STACK_NAME, starts });

/** Starts runs that wait for a slot, when one is free. */
export const queue = recordTelemetry({ logger }, (event: unknown, _context: Context) => startWaiting(event));
