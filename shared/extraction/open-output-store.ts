import type { S3Client } from '@aws-sdk/client-s3';
import type { ExtractionOutput } from '../config/extraction.ts';
import { createFolderOutputStore } from './folder-output-store.ts';
import { outputBase } from './layout.ts';
import type { OutputStore } from './output-store.ts';
import { createS3OutputStore } from './s3-output-store.ts';

/** Ferry's own state, where the files go for which no bucket is named. */
export type OwnStore = { folder: string } | { bucket: string };

/**
 * The place that an extraction's files go to: the bucket that it names, else Ferry's own store.
 *
 * @param options.client makes the client for a bucket, which a folder does without
 */
export function openOutputStore(options: {
  output: ExtractionOutput;
  own: OwnStore;
  client: () => Pick<S3Client, 'send'>;
}): OutputStore {
  const { output, own, client } = options;
  const { bucket, bucketOwner, kmsKeyArn } = output;
  const base = outputBase(output);
  if (bucket !== undefined)
    return createS3OutputStore({ client: client(), bucket, base, bucketOwner, kmsKeyArn });
  if ('folder' in own) return createFolderOutputStore({ folder: own.folder, base });
  return createS3OutputStore({ client: client(), bucket: own.bucket, base });
}
