import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createS3OutputStore } from '../../../shared/extraction/output/s3-output-store.ts';
import { runExtraction } from '../../../shared/extraction/run-extraction.ts';
import { type MiniStack, startMiniStack } from '../../support/aws/mini-stack.ts';
import { createBucket } from '../../support/aws/mini-stack-bucket.ts';
import { type ExtractionSetup, setUpExtraction } from '../../support/extraction/extraction-setup.ts';
import { readOutput } from '../../support/extraction/read-output.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

// The bucket is an emulator's: what AWS does is in the tests of a real account.

const BUCKET = 'city-catalogs';
let aws: MiniStack;
let client: S3Client;
let postgres: PostgresServer;
let setup: ExtractionSetup;
let folder: string;
beforeAll(async () => {
  [aws, postgres] = await Promise.all([startMiniStack(), startPostgres()]);
  client = await createBucket(aws, BUCKET);
  setup = await setUpExtraction(postgres);
  folder = await mkdtemp(join(tmpdir(), 'ferry s3 output ü '));
}, 120_000);
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
  await Promise.all([aws?.stop(), postgres?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

async function keysBelow(prefix: string): Promise<string[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }));
  return Contents.map(({ Key = '' }) => Key);
}

async function download(prefix: string, to: string): Promise<void> {
  for (const key of await keysBelow(prefix)) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    await mkdir(dirname(join(to, key)), { recursive: true });
    await writeFile(join(to, key), (await Body?.transformToByteArray()) ?? '');
  }
}

describe('an extraction into a bucket', () => {
  it('writes there what it writes into a folder', async () => {
    const output = createS3OutputStore({ client, bucket: BUCKET, base: 'atlan/postgres/' });
    const record = await runExtraction({ ...setup.options(), output });
    expect(record).toMatchObject({
      state: 'succeeded',
      manifest: `s3://${BUCKET}/atlan/postgres/catalogs/${record.id}/manifest.json`,
    });
    await download('atlan/', folder);
    expect((await readOutput(folder, 'atlan/postgres/catalogs')).manifest.runId).toBe(record.id);
  });

  it('fails when the bucket does not exist, before it reads', async () => {
    const output = createS3OutputStore({ client, bucket: 'nobodys-bucket', base: '' });
    const record = await runExtraction({ ...setup.options(), output });
    expect(record).toMatchObject({
      state: 'failed',
      error: { class: 'ConfigError', message: 'There is no bucket nobodys-bucket.', phase: 'prepare' },
    });
  });
});

describe('a bucket as output', () => {
  const open = (options = {}) =>
    createS3OutputStore({ client, bucket: BUCKET, base: '', partBytes: 5 * 1024 * 1024, ...options });

  it.each([
    ['smaller than a part', 1_000],
    ['as large as a part', 5 * 1024 * 1024],
    ['of several parts', 12_345_678],
  ])('stores a file %s as it is', async (_what, bytes) => {
    const content = randomBytes(bytes);
    const path = join(folder, 'file.parquet');
    await writeFile(path, content);
    await open().putFile('large/file.parquet', path);
    const { Body, ContentType } = await client.send(
      new GetObjectCommand({ Bucket: BUCKET, Key: 'large/file.parquet' }),
    );
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(content)).toBe(true);
    expect(ContentType).toBe('application/vnd.apache.parquet');
  });

  it('keeps no part of a file that could not be stored', async () => {
    const path = join(folder, 'broken.parquet');
    await writeFile(path, randomBytes(12_000_000));
    const breaking = {
      send: (command: { constructor: { name: string }; input: { PartNumber?: number } }) => {
        if (command.input.PartNumber === 2) throw new Error('The connection broke.');
        return client.send(command as unknown as GetObjectCommand);
      },
    } as unknown as S3Client;
    await expect(open({ client: breaking }).putFile('broken/file.parquet', path)).rejects.toMatchObject({
      class: 'StorageUnavailableError',
    });
    expect(await keysBelow('broken/')).toEqual([]);
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
    expect(Uploads.filter(({ Key }) => Key?.startsWith('broken/'))).toEqual([]);
  });

  it('only replaces a document if it is the version that was seen', async () => {
    const output = open();
    expect(await output.read('documents/latest.json')).toBeUndefined();
    expect(await output.replace('documents/latest.json', 'first', undefined)).toBe(true);
    expect(await output.replace('documents/latest.json', 'late', undefined)).toBe(false);
    const seen = await output.read('documents/latest.json');
    expect(await output.replace('documents/latest.json', 'second', seen?.version)).toBe(true);
    expect(await output.replace('documents/latest.json', 'late', seen?.version)).toBe(false);
    expect((await output.read('documents/latest.json'))?.body).toBe('second');
  });

  it('removes a folder, and nothing next to it', async () => {
    const output = open();
    for (const key of ['runs/a/1.json', 'runs/a/b/2.json', 'runs/ab/3.json']) await output.put(key, '{}');
    await output.removeFolder('runs/a/');
    await output.removeFolder('runs/nothing/');
    expect(await keysBelow('runs/')).toEqual(['runs/ab/3.json']);
  });

  it('encrypts with the key that is named', async () => {
    const kmsKeyArn = `arn:aws:kms:${aws.region}:${aws.accountId}:key/11111111-2222-3333-4444-555555555555`;
    await open({ kmsKeyArn }).put('encrypted/a.json', '{}');
    const head = await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'encrypted/a.json' }));
    expect(head).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyArn });
  });
});
