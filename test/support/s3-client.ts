import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { MiniStack } from './mini-stack.ts';

/** A client of a local S3. */
export async function createS3Client(aws: MiniStack): Promise<S3Client> {
  const ca = aws.caFile ? await readFile(aws.caFile, 'utf8') : '';
  return new S3Client({
    endpoint: aws.endpoint,
    region: aws.region,
    forcePathStyle: true,
    credentials: {
      accessKeyId: aws.environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: aws.environment.AWS_SECRET_ACCESS_KEY ?? '',
    },
    requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca }) }),
  });
}
