import {
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { StorageUnavailableError } from '../errors.ts';
import type { DocumentStore } from './document-store.ts';

/** Documents as objects of a bucket. */
export function createS3DocumentStore(options: { client: S3Client; bucket: string }): DocumentStore {
  const { client, bucket: Bucket } = options;
  const unavailable = (error: unknown) =>
    new StorageUnavailableError(
      `Ferry's bucket ${Bucket} cannot be reached (${error instanceof Error ? error.name : 'unknown error'}).`,
      {
        cause: error,
        hint: "Check the role's policy; a function in a VPC needs a route to S3: NAT, or a gateway endpoint.",
      },
    );
  return {
    async put(Key, Body) {
      try {
        await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'application/json' }));
      } catch (error) {
        throw unavailable(error);
      }
    },
    async get(Key) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
        return await Body?.transformToString();
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw unavailable(error);
      }
    },
    async list(Prefix, limit) {
      const keys: string[] = [];
      let ContinuationToken: string | undefined;
      try {
        do {
          const page = await client.send(
            new ListObjectsV2Command({
              Bucket,
              Prefix,
              MaxKeys: Math.min(1000, limit - keys.length),
              ContinuationToken,
            }),
          );
          keys.push(...(page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key])));
          ContinuationToken = page.NextContinuationToken;
        } while (ContinuationToken !== undefined && keys.length < limit);
        return keys;
      } catch (error) {
        throw unavailable(error);
      }
    },
  };
}
