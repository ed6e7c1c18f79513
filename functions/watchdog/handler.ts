import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import {
  lambdaEnvironmentSchema,
  watchdogEnvironmentSchema,
} from '../../shared/environment/watchdog-environment.ts';
import { createS3DocumentStore } from '../../shared/runs/documents/s3-document-store.ts';
import { createRunRequestStore } from '../../shared/runs/records/run-request-store.ts';
import { createRunStore } from '../../shared/runs/records/run-store.ts';
import { createSecretsManagerReader } from '../../shared/source/credentials/secrets-manager-reader.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { clientSettings } from '../client-settings.ts';
import { createDeadLetterQueue } from './dead-letters.ts';
import { createTopic } from './topic.ts';
import { createWatchdogFunction } from './watchdog-function.ts';

const environment = watchdogEnvironmentSchema.parse(process.env);
const { AWS_REGION: region } = lambdaEnvironmentSchema.parse(process.env);
const s3 = new S3Client(clientSettings);
const lambda = new LambdaClient(clientSettings);
const documents = createS3DocumentStore({ client: s3, bucket: environment.STATE_BUCKET });
const { TOPIC_ARN } = environment;

/** One round of the watchdog. */
export const handler = createWatchdogFunction({
  environment,
  region,
  config: createS3DocumentStore({ client: s3, bucket: environment.CONFIG_BUCKET }),
  documents,
  runs: createRunStore(documents),
  requests: createRunRequestStore(documents),
  deadLetters: createDeadLetterQueue(new SQSClient(clientSettings), environment.DEAD_LETTERS_URL),
  topic: TOPIC_ARN === '' ? undefined : createTopic(new SNSClient(clientSettings), TOPIC_ARN),
  secrets: createSecretsManagerReader({ outgoing: {} }),
  invoke: async (FunctionName, event) => {
    const Payload = Buffer.from(JSON.stringify(event));
    await lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }));
  },
  logger: createLogger({ level: environment.LOG_LEVEL }),
  writeLine: (line) => process.stdout.write(line),
});
