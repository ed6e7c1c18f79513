import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DocumentStore } from '../../../shared/runs/documents/document-store.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createS3DocumentStore } from '../../../shared/runs/documents/s3-document-store.ts';
import { startMiniStack } from '../aws/mini-stack.ts';
import { createBucket } from '../aws/mini-stack-bucket.ts';

/** The real stores that runs contend in. */
export interface LeaseStores extends AsyncDisposable {
  /** The folder of the store `folder`. */
  folder: string;
  stores: Readonly<Record<'folder' | 'bucket', DocumentStore>>;
}

/** Starts a folder and a bucket of an emulated S3. */
export async function startLeaseStores(): Promise<LeaseStores> {
  const [aws, folder] = await Promise.all([startMiniStack(), mkdtemp(join(tmpdir(), 'ferry leases ü '))]);
  const bucket = 'ferry-leases';
  return {
    folder,
    stores: {
      folder: createFolderDocumentStore(folder),
      bucket: createS3DocumentStore({ client: await createBucket(aws, bucket), bucket }),
    },
    async [Symbol.asyncDispose]() {
      await aws.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
