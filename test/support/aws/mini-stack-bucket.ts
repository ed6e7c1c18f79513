import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import type { MiniStack } from './mini-stack.ts';
import { createS3Client } from './s3-client.ts';

/** Creates a bucket in MiniStack; a client for it, with a connection for each of many callers. */
export async function createBucket(aws: MiniStack, bucket: string): Promise<S3Client> {
  const client = await createS3Client(aws);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return client;
}
