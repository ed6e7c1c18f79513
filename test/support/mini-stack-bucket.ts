import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { MiniStack } from './mini-stack.ts';

/** Creates a bucket in MiniStack; a client for it, with a connection for each of many callers. */
export async function createBucket(aws: MiniStack, bucket: string): Promise<S3Client> {
  const ca = aws.caFile ? await readFile(aws.caFile, 'utf8') : '';
  const client = new S3Client({
    endpoint: aws.endpoint,
    region: aws.region,
    forcePathStyle: true,
    credentials: {
      accessKeyId: aws.environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: aws.environment.AWS_SECRET_ACCESS_KEY ?? '',
    },
    requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca }) }),
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return client;
}
