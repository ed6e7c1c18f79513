import { text } from 'node:stream/consumers';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { FerryError } from '../../errors.ts';
import { assertFromS3, isObjectAnswer } from '../../runs/documents/explain-s3-error.ts';
import { putS3Conditionally } from '../../runs/documents/put-s3-conditionally.ts';
import { putS3File } from '../../runs/documents/put-s3-file.ts';
import { unlessStalled } from '../../runs/documents/unless-stalled.ts';
import type { OutputStore } from './output-store.ts';
import { explainOutputError } from './s3-output-errors.ts';

export interface S3OutputOptions {
  client: Pick<S3Client, 'send'>;
  bucket: string;
  /** The start of all keys: empty, or something that ends with a slash. */
  base: string;
  /**
   * The account that must own the bucket. It gets full control of the objects, for buckets whose objects belong to
   * their writers.
   */
  bucketOwner?: string | undefined;
  /** Key that objects are encrypted with. @default the bucket's */
  kmsKeyArn?: string | undefined;
  /** Size of a part of a large file, in bytes, which is in memory at once. @default as in put-s3-file.ts */
  partBytes?: number;
  /** How long an answer may stall. @default as in unless-stalled.ts */
  stallMs?: number;
}

/**
 * The files of extractions as objects of a bucket. Each part is in memory while it is sent, so that the SDK can send it
 * again.
 */
export function createS3OutputStore(options: S3OutputOptions): OutputStore {
  const { client, bucket: Bucket, base, bucketOwner, kmsKeyArn, partBytes, stallMs } = options;
  const owner = bucketOwner === undefined ? {} : { ExpectedBucketOwner: bucketOwner };
  const settings = {
    ...owner,
    // A bucket without access control lists accepts this one, and no other:
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
    ...(bucketOwner === undefined ? {} : { ACL: 'bucket-owner-full-control' as const }),
    ...(kmsKeyArn === undefined
      ? {}
      : { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: kmsKeyArn, BucketKeyEnabled: true }),
  };
  const attempt = async <T>(permission: string, key: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof FerryError) throw error;
      throw explainOutputError(error, { bucket: Bucket, key, permission, bucketOwner });
    }
  };
  return {
    location: `s3://${Bucket}`,
    base,
    putFile: (key, path, signal) =>
      attempt('s3:PutObject', key, () => {
        const target = { Bucket, Key: key, ContentType: contentTypeOf(key), ...settings };
        return putS3File(client, target, path, { partBytes, signal });
      }),
    put: (key, body) =>
      attempt('s3:PutObject', key, async () => {
        const object = { Bucket, Key: key, ContentType: contentTypeOf(key), ...settings };
        const ContentLength = Buffer.byteLength(body);
        const { ETag } = await client.send(new PutObjectCommand({ ...object, Body: body, ContentLength }));
        assertFromS3(ETag);
      }),
    read: (Key) =>
      attempt('s3:GetObject', Key, async () => {
        try {
          const answer = await client.send(new GetObjectCommand({ Bucket, Key, ...owner }));
          assertFromS3(isObjectAnswer(answer) && answer.ETag);
          const body = answer.Body === undefined ? '' : await text(unlessStalled(answer.Body, stallMs));
          return { body, version: answer.ETag };
        } catch (error) {
          if (error instanceof NoSuchKey) return undefined;
          throw error;
        }
      }),
    replace: (key, body, seen) =>
      attempt('s3:PutObject', key, async () => {
        const object = { Bucket, Key: key, Body: body, ContentType: contentTypeOf(key), ...settings };
        return (await putS3Conditionally(client, object, seen)) !== undefined;
      }),
    async removeFolder(folder) {
      for (;;) {
        const { Contents = [], IsTruncated } = await attempt('s3:ListBucket', folder, async () => {
          const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix: folder, ...owner }));
          assertFromS3(page.IsTruncated !== undefined);
          return page;
        });
        const Objects = Contents.flatMap(({ Key }) => (Key === undefined ? [] : [{ Key }]));
        if (Objects.length > 0) {
          await attempt('s3:DeleteObject', folder, async () => {
            const { Errors = [], Deleted = [] } = await client.send(
              new DeleteObjectsCommand({ Bucket, Delete: { Objects }, ...owner }),
            );
            const [first] = Errors;
            if (first) throw failedDeletion(first);
            assertFromS3(Deleted.length === Objects.length);
          });
        }
        if (!IsTruncated) return;
      }
    },
  };
}

const contentTypeOf = (key: string) =>
  key.endsWith('.parquet') ? 'application/vnd.apache.parquet' : 'application/json';

/** The error of one object, in an answer that succeeds as a whole. */
const failedDeletion = ({
  Code = 'Unknown',
  Message,
}: {
  Code?: string | undefined;
  Message?: string | undefined;
}) => new S3ServiceException({ name: Code, message: Message ?? '', $fault: 'client', $metadata: {} });
