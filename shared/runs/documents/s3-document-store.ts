import { createWriteStream } from 'node:fs';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { StorageUnavailableError } from '../../errors.ts';
import type { DocumentStore, ListedKey } from './document-store.ts';
import { assertFromS3, explainS3Error, isObjectAnswer } from './explain-s3-error.ts';
import { putS3Conditionally } from './put-s3-conditionally.ts';
import { putS3File } from './put-s3-file.ts';
import { unlessStalled } from './unless-stalled.ts';

type GetStack = GetObjectCommand['middlewareStack'];

/** The SDK does not pass on the date of S3's answer, which an object's age is computed from. */
function noteAnswerTime(stack: GetStack | ListObjectsV2Command['middlewareStack']): () => number {
  let answeredAt = Number.NaN;
  // The step is the same for every command; only the types differ.
  (stack as GetStack).add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { headers?: Record<string, string> };
      answeredAt = Date.parse(headers?.date ?? '');
      return result;
    },
    { step: 'deserialize', name: 'ferryAnsweredAt' },
  );
  return () => {
    assertFromS3(!Number.isNaN(answeredAt));
    return answeredAt;
  };
}

/** Documents as objects of a bucket. */
export function createS3DocumentStore(options: {
  client: S3Client;
  bucket: string;
  /** Size of a part of a large file. @default as in put-s3-file.ts */
  partBytes?: number;
  /** How long an answer may stall. @default as in unless-stalled.ts */
  stallMs?: number;
}): DocumentStore {
  const { client, bucket: Bucket, partBytes, stallMs } = options;
  // Always this class, so that the platform delivers the event again, and finally puts it into the dead-letter queue.
  const unavailable = (error: unknown, permission: string, key: string) => {
    const what = `Ferry's bucket ${Bucket}`;
    const { message, hint } = explainS3Error(error, { what, bucket: Bucket, key, permission });
    return new StorageUnavailableError(message, { cause: error, ...(hint === undefined ? {} : { hint }) });
  };
  const listObjects = async (Prefix: string, limit: number, StartAfter?: string): Promise<ListedKey[]> => {
    const listed: ListedKey[] = [];
    let ContinuationToken: string | undefined;
    try {
      do {
        const MaxKeys = Math.min(1000, limit - listed.length);
        const command = new ListObjectsV2Command({ Bucket, Prefix, MaxKeys, StartAfter, ContinuationToken });
        const answeredAt = noteAnswerTime(command.middlewareStack);
        const page = await client.send(command);
        assertFromS3(page.IsTruncated !== undefined);
        for (const { Key, LastModified } of page.Contents ?? []) {
          if (Key === undefined || !LastModified) continue;
          listed.push({ key: Key, ageMs: Math.max(0, answeredAt() - LastModified.getTime()) });
        }
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined && listed.length < limit);
      return listed;
    } catch (error) {
      throw unavailable(error, 's3:ListBucket', Prefix);
    }
  };
  const replace: DocumentStore['replace'] = async (Key, Body, seen) => {
    const object = { Bucket, Key, Body, ContentType: 'application/json' };
    try {
      return (await putS3Conditionally(client, object, seen))?.version;
    } catch (error) {
      throw unavailable(error, 's3:PutObject', Key);
    }
  };
  return {
    async now() {
      const command = new ListObjectsV2Command({ Bucket, MaxKeys: 1 });
      const answeredAt = noteAnswerTime(command.middlewareStack);
      try {
        await client.send(command);
        return answeredAt();
      } catch (error) {
        throw unavailable(error, 's3:ListBucket', '');
      }
    },
    address: (key) => `s3://${Bucket}/${key}`,
    async put(Key, Body) {
      try {
        // For an empty body, the SDK would complain on stderr that it does not know its length.
        const ContentLength = Buffer.byteLength(Body);
        const { ETag } = await client.send(
          new PutObjectCommand({ Bucket, Key, Body, ContentLength, ContentType: 'application/json' }),
        );
        assertFromS3(ETag);
      } catch (error) {
        throw unavailable(error, 's3:PutObject', Key);
      }
    },
    async get(Key) {
      try {
        const answer = await client.send(new GetObjectCommand({ Bucket, Key }));
        assertFromS3(isObjectAnswer(answer));
        // An empty document exists too.
        return answer.Body === undefined ? '' : await text(unlessStalled(answer.Body, stallMs));
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw unavailable(error, 's3:GetObject', Key);
      }
    },
    async putFile(Key, path, signal) {
      try {
        await putS3File(client, { Bucket, Key }, path, { partBytes, signal });
      } catch (error) {
        signal?.throwIfAborted();
        throw unavailable(error, 's3:PutObject', Key);
      }
    },
    async getFile(Key, path) {
      try {
        const answer = await client.send(new GetObjectCommand({ Bucket, Key }));
        assertFromS3(isObjectAnswer(answer));
        await pipeline(unlessStalled(answer.Body, stallMs), createWriteStream(path));
        return true;
      } catch (error) {
        if (error instanceof NoSuchKey) return false;
        throw unavailable(error, 's3:GetObject', Key);
      }
    },
    async read(Key) {
      const command = new GetObjectCommand({ Bucket, Key });
      const answeredAt = noteAnswerTime(command.middlewareStack);
      try {
        const answer = await client.send(command);
        const { Body, ETag, LastModified } = answer;
        assertFromS3(isObjectAnswer(answer) && ETag && LastModified);
        const body = await text(unlessStalled(Body, stallMs));
        return { body, version: ETag, ageMs: Math.max(0, answeredAt() - LastModified.getTime()) };
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw unavailable(error, 's3:GetObject', Key);
      }
    },
    create: async (key, body) => (await replace(key, body, undefined)) !== undefined,
    replace,
    async list(prefix, limit, after) {
      return (await listObjects(prefix, limit, after)).map(({ key }) => key);
    },
    listWithAges: (prefix, limit) => listObjects(prefix, limit),
    async remove(Key) {
      try {
        const { $metadata } = await client.send(new DeleteObjectCommand({ Bucket, Key }));
        // The answer has no body; a proxy's page would have one.
        assertFromS3($metadata.httpStatusCode === 204);
      } catch (error) {
        throw unavailable(error, 's3:DeleteObject', Key);
      }
    },
  };
}
