import { type FileHandle, open } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { awsTimeouts } from '../../network/outgoing-https.ts';
import { assertFromS3 } from './explain-s3-error.ts';

/** Where a file goes, and how the object is stored. */
export type S3Target = Pick<
  PutObjectCommandInput,
  | 'Bucket'
  | 'Key'
  | 'ContentType'
  | 'ExpectedBucketOwner'
  | 'ACL'
  | 'ServerSideEncryption'
  | 'SSEKMSKeyId'
  | 'BucketKeyEnabled'
>;

// In parts of 8 MiB a file may have 80 GB, more than the disk of any function. S3's minimum is 5 MiB.
const PART_BYTES = 8 * 1024 * 1024;

// A client's request time-out includes the body. An upload slower than this (0.8 Mbit/s) counts as stalled.
const MIN_BYTES_PER_SECOND = 100_000;

/** How long a request with such a body may take. */
const timeoutFor = (bytes: number) =>
  Math.ceil(awsTimeouts.requestTimeout + (bytes / MIN_BYTES_PER_SECOND) * 1_000);

/**
 * Stores a file of any size as one object: a large one in parts, each in a request with its own time-out. A part is in
 * memory while it is sent, so that the SDK can send it again.
 *
 * @param options.partBytes size of a part. @default 8 MiB
 * @throws whatever the client throws, and then leaves no part behind
 */
export async function putS3File(
  client: Pick<S3Client, 'send'>,
  target: S3Target,
  path: string,
  options: { partBytes?: number | undefined; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { partBytes = PART_BYTES, signal } = options;
  await using file = await open(path);
  const { size } = await file.stat();
  if (size > partBytes) {
    await putInParts(client, target, { file, size, partBytes }, signal);
    return;
  }
  const Body = await readPart(file, 0, size);
  const { ETag } = await client.send(
    new PutObjectCommand({ ...target, Body, ContentLength: size }),
    sending(size, signal),
  );
  assertFromS3(ETag);
}

const sending = (bytes: number, abortSignal: AbortSignal | undefined) => ({
  requestTimeout: timeoutFor(bytes),
  ...(abortSignal ? { abortSignal } : {}),
});

async function putInParts(
  client: Pick<S3Client, 'send'>,
  target: S3Target,
  { file, size, partBytes }: { file: FileHandle; size: number; partBytes: number },
  signal: AbortSignal | undefined,
): Promise<void> {
  const { Bucket, Key, ExpectedBucketOwner } = target;
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
  assertFromS3(UploadId);
  const upload = { Bucket, Key, UploadId, ExpectedBucketOwner };
  try {
    const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (let start = 0; start < size; start += partBytes) {
      const PartNumber = Parts.length + 1;
      const Body = await readPart(file, start, Math.min(partBytes, size - start));
      const { ETag } = await client.send(
        new UploadPartCommand({ ...upload, PartNumber, Body, ContentLength: Body.length }),
        sending(Body.length, signal),
      );
      assertFromS3(ETag);
      Parts.push({ PartNumber, ETag });
    }
    // S3 assembles a large object before it answers.
    const completed = await client.send(
      new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }),
      sending(PART_BYTES, signal),
    );
    assertFromS3(completed.ETag);
  } catch (error) {
    // Parts of an incomplete upload cost money until a lifecycle rule removes them.
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
    throw error;
  }
}

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
