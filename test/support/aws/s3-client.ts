import { S3Client } from '@aws-sdk/client-s3';
import { awsClientOptions } from './aws-client-options.ts';
import type { MiniStack } from './mini-stack.ts';

/** A client of a local S3. */
export async function createS3Client(aws: MiniStack): Promise<S3Client> {
  return new S3Client({ ...(await awsClientOptions(aws)), forcePathStyle: true });
}
