import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { createS3DocumentStore } from '../../shared/runs/s3-document-store.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { clientSettings } from '../client-settings.ts';
import { apiEnvironmentSchema } from './environment.ts';
import { createRouter } from './router.ts';

const environment = apiEnvironmentSchema.parse(process.env);
const lambda = new LambdaClient(clientSettings);
const logger = createLogger({ level: environment.LOG_LEVEL });

const route = createRouter({
  environment,
  config: createS3DocumentStore({ client: new S3Client(clientSettings), bucket: environment.CONFIG_BUCKET }),
  start: async (functionName, event) => {
    // Asynchronous: the caller gets the run's id, not its end.
    await lambda.send(
      new InvokeCommand({
        FunctionName: functionName,
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify(event)),
      }),
    );
  },
  logger,
});

/** Answers the requests that API Gateway has let through. */
export const handler = async (event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> => {
  const { status, headers, body } = await route({
    method: event.httpMethod,
    path: event.path,
    caller: event.requestContext.identity.userArn ?? undefined,
  });
  return { statusCode: status, headers, body: JSON.stringify(body) };
};
