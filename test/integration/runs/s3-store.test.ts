import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DocumentStore } from '../../../shared/runs/documents/document-store.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createS3DocumentStore } from '../../../shared/runs/documents/s3-document-store.ts';
import { acquireLease } from '../../../shared/runs/leases/lease.ts';
import { type MiniStack, startMiniStack } from '../../support/aws/mini-stack.ts';
import { createS3Client } from '../../support/aws/s3-client.ts';

// The same contract for the bucket and the folder. The bucket is an emulator's: what AWS does is in the tests of a real account.

let aws: MiniStack;
let folder: string;
const stores: Record<string, () => DocumentStore> = {};
beforeAll(async () => {
  aws = await startMiniStack();
  folder = await mkdtemp(join(tmpdir(), 'ferry stores ü '));
  const client = await createS3Client(aws);
  await client.send(new CreateBucketCommand({ Bucket: 'ferry-state' }));
  stores.bucket = () => createS3DocumentStore({ client, bucket: 'ferry-state' });
  stores.folder = () => createFolderDocumentStore(folder);
}, 120_000);
afterAll(async () => {
  await aws?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe.each(['bucket', 'folder'])('a %s as the store', (kind) => {
  const store = () => stores[kind]?.() as DocumentStore;

  it('lets one of many who try at once replace a document', async () => {
    for (let round = 0; round < 5; round += 1) {
      const seen = (await store().read('leases/contended.json'))?.version;
      const written = await Promise.all(
        Array.from({ length: 10 }, (_, n) => store().replace('leases/contended.json', `${round} ${n}`, seen)),
      );
      const winners = written.flatMap((version, n) => (version === undefined ? [] : [n]));
      expect(winners).toHaveLength(1);
      expect((await store().read('leases/contended.json'))?.body).toBe(`${round} ${winners[0]}`);
    }
  });

  it('creates a document once, which can then be replaced', async () => {
    const key = `jobs/${kind}/created.json`;
    const created = await Promise.all(Array.from({ length: 10 }, (_, n) => store().create(key, `${n}`)));
    expect(created.filter((one) => one)).toHaveLength(1);
    expect(await store().get(key)).toBe(String(created.indexOf(true)));
    await store().put(key, 'later');
    expect(await store().create(key, 'again')).toBe(false);
    expect(await store().get(key)).toBe('later');
    expect(await store().list(`jobs/${kind}/`, 10)).toEqual([key]);
  });

  it('tells its own time', async () => {
    const right = Date.now();
    const { now } = Date;
    Date.now = () => now() - 5 * 3_600_000;
    try {
      expect(Math.abs((await store().now()) - right)).toBeLessThan(60_000);
    } finally {
      Date.now = now;
    }
  });

  it('refuses a version that is gone, and one that never existed', async () => {
    const first = await store().replace('leases/old.json', '1', undefined);
    const second = await store().replace('leases/old.json', '2', first);
    expect(second).toBeDefined();
    expect(await store().replace('leases/old.json', 'late', first)).toBeUndefined();
    expect(await store().replace('leases/old.json', 'late', undefined)).toBeUndefined();
    expect(await store().read('leases/unknown.json')).toBeUndefined();
  });

  it('reports ages by its own clock', async () => {
    await store().replace('leases/age.json', '1', undefined);
    await sleep(2_100);
    const { now } = Date;
    Date.now = () => now() - 5 * 3_600_000;
    try {
      const age = (await store().read('leases/age.json'))?.ageMs ?? Number.NaN;
      expect(age).toBeGreaterThanOrEqual(1_000);
      expect(age).toBeLessThan(10_000);
    } finally {
      Date.now = now;
    }
  });

  it('lists documents with their ages, and removes them', async () => {
    await store().put('queue/a/2.json', 'two');
    await store().put('queue/a/1.json', 'one');
    await store().put('queue/ab/1.json', 'another');
    await sleep(2_100);
    await store().put('queue/a/2.json', 'two, again');
    const listed = await store().listWithAges('queue/a/', 10);
    expect(listed.map(({ key }) => key)).toEqual(['queue/a/1.json', 'queue/a/2.json']);
    const [old, young] = listed.map(({ ageMs }) => ageMs) as [number, number];
    expect(old - young).toBeGreaterThanOrEqual(1_000);
    expect(young).toBeLessThan(10_000);
    expect(await store().listWithAges('queue/a/', 1)).toHaveLength(1);
    await store().remove('queue/a/1.json');
    // A second time, and one that never was.
    await store().remove('queue/a/1.json');
    await store().remove('queue/nothing/1.json');
    expect(await store().get('queue/a/1.json')).toBeUndefined();
    expect(await store().list('queue/a/', 10)).toEqual(['queue/a/2.json']);
    expect(await store().listWithAges('queue/nothing/', 10)).toEqual([]);
  });

  it('gives a lease to one of many contenders, and each term only once', async () => {
    const times = { heartbeatMs: 200, expiryMs: 3_000 };
    const terms: number[] = [];
    await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        for (let round = 0; round < 3; round += 1) {
          const got = await acquireLease(store(), {
            job: `many-${kind}`,
            runId: `${n}`,
            times,
            sleep: (ms) => sleep(ms),
          });
          if (got.outcome !== 'acquired') continue;
          terms.push(got.lease.term);
          await got.lease.renew({ phase: 'upload' });
          await got.lease.release();
        }
      }),
    );
    expect(terms.length).toBeGreaterThan(3);
    expect(terms.toSorted((a, b) => a - b)).toEqual(terms.map((_, index) => index + 1));
  });

  it('stores files unchanged', async () => {
    const path = join(folder, `file ü ${kind}`);
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, n) => n % 251));
    await writeFile(path, bytes);
    await store().putFile('refused/a/b.parquet', path);
    expect(await store().getFile('refused/a/b.parquet', `${path} back`)).toBe(true);
    expect((await readFile(`${path} back`)).equals(bytes)).toBe(true);
    expect(await store().getFile('refused/a/c.parquet', `${path} none`)).toBe(false);
  });

  it('lists what comes after a key, and removes documents and files', async () => {
    const keys = ['a', 'b', 'c'].map((name) => `states/${name}.json`);
    for (const key of keys) await store().put(key, '');
    expect(await store().list('states/', 10)).toEqual(keys);
    expect(await store().list('states/', 1, keys[0])).toEqual([keys[1]]);
    expect(await store().list('states/', 10, 'states/aa')).toEqual(keys.slice(1));
    await store().remove('states/b.json');
    await store().remove('states/never-was.json');
    expect(await store().list('states/b', 10)).toEqual([]);
    expect(await store().get('states/b.json')).toBeUndefined();
    await store().replace('states/replaced.json', '1', undefined);
    await store().remove('states/replaced.json');
    expect(await store().read('states/replaced.json')).toBeUndefined();
  });

  it('lists replaced documents with their ages by its own clock', async () => {
    await store().replace('aged/a.json', '1', undefined);
    await store().replace('aged/b.json', '1', undefined);
    const { now } = Date;
    Date.now = () => now() - 5 * 3_600_000;
    try {
      const found = await store().listWithAges('aged/', 10);
      expect(found.map(({ key }) => key)).toEqual(['aged/a.json', 'aged/b.json']);
      for (const { ageMs } of found) {
        expect(ageMs).toBeGreaterThanOrEqual(0);
        expect(ageMs).toBeLessThan(60_000);
      }
      expect(await store().listWithAges('aged/', 1)).toHaveLength(1);
      expect(await store().listWithAges('nothing/', 1)).toEqual([]);
    } finally {
      Date.now = now;
    }
  });
});
