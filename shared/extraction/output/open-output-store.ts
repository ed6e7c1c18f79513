import type { S3Client } from '@aws-sdk/client-s3';
import { outputBase } from '../../config/rules/extraction-folder.ts';
import type { ExtractionOutput } from '../../config/schema/extraction.ts';
import { createFolderOutputStore } from './folder-output-store.ts';
import type { OutputStore } from './output-store.ts';

/** Ferry's own state, for extractions that name no bucket. */
export type OwnStore = { folder: string } | { bucket: string };

/**
 * Where an extraction's files go: the bucket that it names, else Ferry's own store.
 *
 * @param options.client makes the client for a bucket; a folder does not need one
 */
export async function openOutputStore(options: {
  output: ExtractionOutput;
  own: OwnStore;
  client: () => Pick<S3Client, 'send'> | Promise<Pick<S3Client, 'send'>>;
}): Promise<OutputStore> {
  const { output, own, client } = options;
  const { bucket, bucketOwner, kmsKeyArn } = output;
  const base = outputBase(output);
  const inBucket = async (place: {
    bucket: string;
    bucketOwner?: string | undefined;
    kmsKeyArn?: string | undefined;
  }) => {
    // Loading S3's client takes long, and a folder does not need it.
    const { createS3OutputStore } = await import('./s3-output-store.ts');
    return createS3OutputStore({ client: await client(), base, ...place });
  };
  if (bucket !== undefined) return inBucket({ bucket, bucketOwner, kmsKeyArn });
  if ('folder' in own) return createFolderOutputStore({ folder: own.folder, base });
  return inBucket({ bucket: own.bucket });
}
