import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { CancelledError } from '../../../../shared/errors.ts';
import { createS3OutputStore } from '../../../../shared/extraction/output/s3-output-store.ts';
import { createS3DocumentStore } from '../../../../shared/runs/documents/s3-document-store.ts';
import { type SlowS3, startSlowS3 } from '../../../support/aws/stand-ins/slow-s3.ts';

// 400 kB take a second, and a request no more than two thirds of that.
const FILE = randomBytes(400_000);
const KEY = '/state/archive/orders/1.parquet';

let folder: string;
let path: string;
let s3: SlowS3;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry slow s3 ü '));
  path = join(folder, 'file.parquet');
  await writeFile(path, FILE);
  s3 = await startSlowS3({ bytesPerSecond: 400_000, requestTimeoutMs: 650 });
});
beforeEach(() => {
  s3.calls.splice(0);
  s3.hangs = undefined;
});
afterAll(async () => {
  await s3?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const partBytes = 100_000;
const documents = (changes: object = {}) =>
  createS3DocumentStore({ client: s3.client, bucket: 'state', partBytes, ...changes });

it.each(['documents', 'output'])(
  'a file that takes longer than a request may is stored in parts (%s)',
  async (kind) => {
    const store =
      kind === 'documents'
        ? documents()
        : createS3OutputStore({ client: s3.client, bucket: 'state', base: '', partBytes });
    await store.putFile(KEY.slice(7), path);
    expect(s3.objects.get(KEY)?.equals(FILE)).toBe(true);
    expect(s3.calls).toEqual(['POST', 'PUT part 1', 'PUT part 2', 'PUT part 3', 'PUT part 4', 'POST upload']);
  },
);

it('one part has the time that its bytes need', async () => {
  // As a whole it takes longer than the client's time-out.
  await documents({ partBytes: FILE.length }).putFile(KEY.slice(7), path);
  expect(s3.calls).toEqual(['PUT']);
});

it('a run that is asked to stop does not wait for the rest, and leaves no parts', async () => {
  const stop = new AbortController();
  const storing = documents().putFile(KEY.slice(7), path, stop.signal);
  await expect.poll(() => s3.calls, { timeout: 10_000 }).toContain('PUT part 1');
  stop.abort(new CancelledError('Enough.'));
  await expect(storing).rejects.toThrow('Enough.');
  expect(s3.calls.at(-1)).toBe('DELETE upload');
  expect(s3.open.size).toBe(0);
});

it('a bucket that was reached and is slow is not reported as one without a route', async () => {
  s3.hangs = 'request';
  await expect(documents().put('runs/1.json', '{}')).rejects.toMatchObject({
    class: 'StorageUnavailableError',
    message: "Ferry's bucket state takes too long to answer.",
    hint: expect.not.stringContaining('VPC'),
  });
});

it.each([
  ['getFile', () => documents({ stallMs: 100 }).getFile('a', join(folder, 'back'))],
  ['get', () => documents({ stallMs: 100 }).get('a')],
  ['read', () => documents({ stallMs: 100 }).read('a')],
  [
    'read of an output',
    () => createS3OutputStore({ client: s3.client, bucket: 'state', base: '', stallMs: 100 }).read('a'),
  ],
])('an answer that stalls is abandoned (%s)', async (_how, ask) => {
  s3.objects.set('/state/a', FILE);
  s3.hangs = 'answer';
  await expect(ask()).rejects.toMatchObject({ class: 'StorageUnavailableError' });
});

it('what was stored comes back unchanged', async () => {
  s3.objects.set('/state/a', FILE);
  expect(await documents().getFile('a', join(folder, 'back'))).toBe(true);
  expect((await readFile(join(folder, 'back'))).equals(FILE)).toBe(true);
});
