import {
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { assertFromS3 } from './explain-s3-error.ts';

const CONFLICT_ATTEMPTS = 5;

/**
 * Stores an object, unless another writer was first.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 *
 * @param seen the version that the object must still have; undefined: there must be none
 * @returns what the object is now; undefined when there is another version, or none any more
 * @throws whatever the client throws; also for a bucket that does not exist, which no other writer explains
 */
export async function putS3Conditionally(
  client: Pick<S3Client, 'send'>,
  object: PutObjectCommandInput & { Body: string | Buffer },
  seen: string | undefined,
): Promise<{ version: string } | undefined> {
  const condition = seen === undefined ? { IfNoneMatch: '*' } : { IfMatch: seen };
  // Of an empty body the SDK would say on stderr that it does not know its length.
  const ContentLength = Buffer.byteLength(object.Body);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { ETag } = await client.send(new PutObjectCommand({ ...object, ContentLength, ...condition }));
      assertFromS3(ETag);
      return { version: ETag };
    } catch (error) {
      if (isOtherVersion(error, seen)) return undefined;
      // 409: another writer is under way, and either may win.
      if (statusOf(error) !== 409 || attempt >= CONFLICT_ATTEMPTS) throw error;
    }
  }
}

/** 412: another version is there. NoSuchKey: the one that was seen has been deleted; any other 404 is of the bucket, or not of S3. */
function isOtherVersion(error: unknown, seen: string | undefined): boolean {
  if (statusOf(error) === 412) return true;
  return error instanceof Error && error.name === 'NoSuchKey' && seen !== undefined;
}

const statusOf = (error: unknown) =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
