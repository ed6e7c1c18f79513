import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DocumentStore } from '../../../shared/runs/documents/document-store.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createS3DocumentStore } from '../../../shared/runs/documents/s3-document-store.ts';
import { startHeartbeat } from '../../../shared/runs/leases/heartbeat.ts';
import { acquireLease } from '../../../shared/runs/leases/lease.ts';
import { type MiniStack, startMiniStack } from '../../support/aws/mini-stack.ts';
import { createBucket } from '../../support/aws/mini-stack-bucket.ts';
import { withClockOf } from '../../support/runs/wrong-clock.ts';

// Against the real stores; many who crash and lose answers: lease-contention.long.test.ts

const HOURS = [0, 5, -7, 0, 11];

let aws: MiniStack;
let folder: string;
const stores: Record<string, DocumentStore> = {};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry holder ü '));
  stores.folder = createFolderDocumentStore(folder);
  aws = await startMiniStack();
  const bucket = 'ferry-holder';
  stores.bucket = createS3DocumentStore({ client: await createBucket(aws, bucket), bucket });
}, 120_000);
afterAll(async () => {
  await aws?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe.each(['bucket', 'folder'])('a live holder, in a %s', (kind) => {
  it('keeps its lease, no matter who asks for it', async () => {
    const store = stores[kind] as DocumentStore;
    const job = 'held';
    // Long enough for a machine that stands still for seconds; nothing here waits for it.
    const patient = { heartbeatMs: 200, expiryMs: 20_000 };
    const held = await acquireLease(store, { job, runId: 'holder', times: patient, sleep });
    if (held.outcome !== 'acquired') throw new Error('nobody else had it');
    let stopped: Error | undefined;
    await using _heartbeat = startHeartbeat({
      lease: held.lease,
      times: patient,
      progress: () => ({}),
      findCancelRequest: async () => undefined,
      onStop: (reason) => {
        stopped = reason;
      },
    });
    const others = await Promise.all(
      HOURS.map((hours, n) =>
        withClockOf(hours, () => acquireLease(store, { job, runId: `other-${n}`, times: patient, sleep })),
      ),
    );
    expect(others).toEqual(HOURS.map(() => ({ outcome: 'busy', runId: 'holder' })));
    expect(stopped).toBeUndefined();
  });
});
