import { S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { createS3OutputStore } from '../../../../shared/extraction/output/s3-output-store.ts';
import { createS3DocumentStore } from '../../../../shared/runs/documents/s3-document-store.ts';

/** An S3 that answers each request in turn by an error, and from then on stores what it gets. */
function s3Answering(...errors: readonly [name: string, status: number][]) {
  const client = new S3Client({ region: 'eu-central-1' });
  const conditions: unknown[] = [];
  client.send = async ({ input }: { input: { IfMatch?: string; IfNoneMatch?: string } }) => {
    const { IfMatch, IfNoneMatch } = input;
    conditions.push(IfMatch ?? IfNoneMatch);
    const [name, httpStatusCode] = errors[conditions.length - 1] ?? [];
    if (name === undefined || httpStatusCode === undefined) return { ETag: '"new"' };
    throw new S3ServiceException({ name, message: name, $fault: 'client', $metadata: { httpStatusCode } });
  };
  return { client, conditions };
}

const conflicts = (times: number) =>
  Array.from({ length: times }, (): [string, number] => ['ConditionalRequestConflict', 409]);

// The documents of runs and the pointers of extractions are replaced by the same means.
describe.each([
  {
    store: 'documents of runs',
    replace: async (client: S3Client, seen: string | undefined) =>
      (await createS3DocumentStore({ client, bucket: 'b' }).replace('k.json', '{}', seen)) !== undefined,
  },
  {
    store: 'output of extractions',
    replace: (client: S3Client, seen: string | undefined) =>
      createS3OutputStore({ client, bucket: 'b', base: '' }).replace('k.json', '{}', seen),
  },
])('replacing one of the $store', ({ replace }) => {
  it('asks for the version that was seen, or for none', async () => {
    const s3 = s3Answering();
    expect(await replace(s3.client, '"old"')).toBe(true);
    expect(await replace(s3.client, undefined)).toBe(true);
    expect(s3.conditions).toEqual(['"old"', '*']);
  });

  it.each<[string, string, number, string | undefined]>([
    ['another version is there', 'PreconditionFailed', 412, '"old"'],
    ['there is one by now', 'PreconditionFailed', 412, undefined],
    ['the version that was seen is deleted', 'NoSuchKey', 404, '"old"'],
  ])('is lost to another writer when %s', async (_case, name, status, seen) => {
    const s3 = s3Answering([name, status]);
    expect(await replace(s3.client, seen)).toBe(false);
    expect(s3.conditions).toHaveLength(1);
  });

  it.each([undefined, '"old"'])(
    'fails, but not because of another writer, without a bucket (seen: %s)',
    async (seen) => {
      const s3 = s3Answering(['NoSuchBucket', 404]);
      await expect(replace(s3.client, seen)).rejects.toThrow(/bucket/);
    },
  );

  it('fails if nothing was seen and the key does not exist', async () => {
    await expect(replace(s3Answering(['NoSuchKey', 404]).client, undefined)).rejects.toThrow(/bucket/);
  });

  it('is retried while another write is in progress', async () => {
    const s3 = s3Answering(...conflicts(4));
    expect(await replace(s3.client, '"old"')).toBe(true);
    expect(s3.conditions).toHaveLength(5);
  });

  it('fails when another write is in progress each time', async () => {
    const s3 = s3Answering(...conflicts(5));
    await expect(replace(s3.client, '"old"')).rejects.toThrow(/bucket/);
    expect(s3.conditions).toHaveLength(5);
  });
});
