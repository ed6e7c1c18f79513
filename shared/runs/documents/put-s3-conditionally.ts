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
 * @param seen the version that the object must still have; undefined if there must be none
 * @returns the object's new version; undefined when there is another one, or none any more
 * @throws whatever the client throws, also for a bucket that does not exist: no other writer explains that
 */
export async function putS3Conditionally(
  client: Pick<S3Client, 'send'>,
  object: PutObjectCommandInput & { Body: string | Buffer },
  seen: string | undefined,
): Promise<{ version: string } | undefined> {
  const condition = seen === undefined ? { IfNoneMatch: '*' } : { IfMatch: seen };
  // For an empty body, the SDK would complain on stderr that it does not know its length.
  const ContentLength = Buffer.byteLength(object.Body);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { ETag } = await client.send(new PutObjectCommand({ ...object, ContentLength, ...condition }));
      assertFromS3(ETag);
      return { version: ETag };
    } catch (error) {
      if (isOtherVersion(error, seen)) return undefined;
      // 409: another write is in progress, and either may win.
      if (statusOf(error) !== 409 || attempt >= CONFLICT_ATTEMPTS) throw error;
    }
  }
}

/**
 * 412: there is another version. NoSuchKey: the version that was seen has been deleted. Any other 404 is about the
 * bucket, or does not come from S3.
 */
function isOtherVersion(error: unknown, seen: string | undefined): boolean {
  if (statusOf(error) === 412) return true;
  return error instanceof Error && error.name === 'NoSuchKey' && seen !== undefined;
}

const statusOf = (error: unknown) =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
