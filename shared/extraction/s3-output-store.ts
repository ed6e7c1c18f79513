import { type FileHandle, open } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { FerryError } from '../errors.ts';
import type { OutputStore } from './output-store.ts';
import { explainOutputError } from './s3-output-errors.ts';

export interface S3OutputOptions {
  client: Pick<S3Client, 'send'>;
  bucket: string;
  /** What keys begin with: nothing, or something that ends with a slash. */
  base: string;
  /** Account that the bucket must belong to. It is given full control of the objects, for buckets whose objects belong to their writers. */
  bucketOwner?: string | undefined;
  /** Key that objects are encrypted with. @default as the bucket says */
  kmsKeyArn?: string | undefined;
  /** Size of a part of a large file, in bytes: what of it is in memory at once. @default 8 MiB */
  partBytes?: number;
}

// In parts of 8 MiB a file may have 80 GB, which no disk of a Lambda function has. The least that S3 takes is 5 MiB.
const PART_BYTES = 8 * 1024 * 1024;
const CONFLICT_ATTEMPTS = 5;

/** The files of extractions as objects of a bucket. Whatever is sent is held in memory, part by part, so that the SDK can send it again. */
export function createS3OutputStore(options: S3OutputOptions): OutputStore {
  const { client, bucket: Bucket, base, bucketOwner, kmsKeyArn, partBytes = PART_BYTES } = options;
  const owner = bucketOwner === undefined ? {} : { ExpectedBucketOwner: bucketOwner };
  const settings = {
    ...owner,
    // A bucket without access control lists takes this one, and no other:
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
  const putWhole = (Key: string, Body: string | Buffer, condition = {}) =>
    client.send(
      new PutObjectCommand({
        Bucket,
        Key,
        Body,
        ContentLength: Buffer.byteLength(Body),
        ContentType: contentTypeOf(Key),
        ...settings,
        ...condition,
      }),
    );

  const putInParts = async (Key: string, file: FileHandle, size: number) => {
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ Bucket, Key, ContentType: contentTypeOf(Key), ...settings }),
    );
    const upload = { Bucket, Key, UploadId, ...owner };
    try {
      const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
      for (let start = 0; start < size; start += partBytes) {
        const PartNumber = Parts.length + 1;
        const Body = await readPart(file, start, Math.min(partBytes, size - start));
        const { ETag } = await client.send(
          new UploadPartCommand({ ...upload, PartNumber, Body, ContentLength: Body.length }),
        );
        Parts.push({ PartNumber, ETag });
      }
      await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
    } catch (error) {
      // Parts that nobody completes are paid for until a lifecycle rule removes them.
      await client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
      throw error;
    }
  };

  return {
    location: `s3://${Bucket}`,
    base,
    putFile: (key, path) =>
      attempt('s3:PutObject', key, async () => {
        await using file = await open(path);
        const { size } = await file.stat();
        if (size > partBytes) await putInParts(key, file, size);
        else await putWhole(key, await readPart(file, 0, size));
      }),
    put: (key, body) => attempt('s3:PutObject', key, async () => void (await putWhole(key, body))),
    read: (Key) =>
      attempt('s3:GetObject', Key, async () => {
        try {
          const { Body, ETag } = await client.send(new GetObjectCommand({ Bucket, Key, ...owner }));
          return { body: (await Body?.transformToString()) ?? '', version: ETag ?? '' };
        } catch (error) {
          if (error instanceof NoSuchKey) return undefined;
          throw error;
        }
      }),
    replace: (key, body, seen) =>
      attempt('s3:PutObject', key, async () => {
        const condition = seen === undefined ? { IfNoneMatch: '*' } : { IfMatch: seen };
        for (let tries = 1; ; tries += 1) {
          try {
            await putWhole(key, body, condition);
            return true;
          } catch (error) {
            const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
            // 412: another version is there. 404: the one that was seen has been deleted. 409: another writer is under way.
            if (status === 412 || (status === 404 && seen !== undefined && !isBucketMissing(error)))
              return false;
            if (status === 409 && tries < CONFLICT_ATTEMPTS) continue;
            throw error;
          }
        }
      }),
    async removeFolder(folder) {
      for (;;) {
        const { Contents = [], IsTruncated } = await attempt('s3:ListBucket', folder, () =>
          client.send(new ListObjectsV2Command({ Bucket, Prefix: folder, ...owner })),
        );
        const Objects = Contents.flatMap(({ Key }) => (Key === undefined ? [] : [{ Key }]));
        if (Objects.length > 0) {
          await attempt('s3:DeleteObject', folder, async () => {
            const { Errors = [] } = await client.send(
              new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true }, ...owner }),
            );
            const [first] = Errors;
            if (first) throw Object.assign(new Error(first.Message), { name: first.Code ?? 'unknown error' });
          });
        }
        if (!IsTruncated) return;
      }
    },
  };
}

const isBucketMissing = (error: unknown) => error instanceof Error && error.name === 'NoSuchBucket';

const contentTypeOf = (key: string) =>
  key.endsWith('.parquet') ? 'application/vnd.apache.parquet' : 'application/json';

async function readPart(file: FileHandle, start: number, length: number): Promise<Buffer> {
  const part = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(part, filled, length - filled, start + filled);
    if (bytesRead === 0) throw new Error('The file became shorter while it was read.');
    filled += bytesRead;
  }
  return part;
}
