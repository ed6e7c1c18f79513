import { tmpdir } from 'node:os';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DocumentStore } from '../../../../shared/runs/documents/document-store.ts';
import { createMemoryDocumentStore } from '../../../../shared/runs/documents/memory-document-store.ts';
import type { JobContext } from '../../../../shared/runs/job.ts';
import { createRunStore, type RunStore } from '../../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../../shared/runs/run-id.ts';
import { runJob } from '../../../../shared/runs/run-job.ts';
import { createLogger } from '../../../../shared/telemetry/logger.ts';
import { waitFor } from '../../../support/processes/wait-for.ts';

// A run that reads several sources, each of which lets one run in at a time.

const leaseTimes = { heartbeatMs: 100, expiryMs: 2_000 };
let documents: DocumentStore;
let store: RunStore;
beforeEach(() => {
  documents = createMemoryDocumentStore();
  store = createRunStore(documents);
});

/** @param sources in the order in which the job names them */
function run(
  job: string,
  sources: string[],
  work: (context: JobContext) => Promise<void>,
  runId = newRunId(),
) {
  const slots = Object.fromEntries(sources.map((source) => [source, 1]));
  return runJob(
    { name: job, kind: 'extraction', sources, slots, config: {} },
    async (context) => {
      await work(context);
      return {};
    },
    {
      trigger: { type: 'cli', triggeredBy: 'test' },
      scope: 'test',
      store,
      workFolder: tmpdir(),
      logger: createLogger({ level: 'silent' }),
      leaseTimes,
      runId,
    },
  );
}

/** A run that keeps its slots until it is let go. */
async function occupy(job: string, sources: string[]) {
  const held = Promise.withResolvers<JobContext>();
  const letGo = Promise.withResolvers<void>();
  const record = run(job, sources, async (context) => {
    held.resolve(context);
    await letGo.promise;
  });
  const context = await held.promise;
  return {
    context,
    end: () => {
      letGo.resolve();
      return record;
    },
  };
}

const nothing = async () => {};

describe('a run of several sources with slots', () => {
  it('waits for each of them, and works when it has all', async () => {
    const holder = await occupy('holder', ['hr']);
    const id = newRunId();
    const waiting = run('both', ['erp', 'hr'], nothing, id);
    await waitFor(
      'the run to be queued',
      async () => ((await store.get(id))?.state === 'queued' ? true : undefined),
      5_000,
    );
    await holder.end();
    expect(await waiting).toMatchObject({ state: 'succeeded', phases: [{ name: 'queued' }] });
  });

  it('releases each as soon as it has been read', async () => {
    const both = await occupy('both', ['erp', 'hr']);
    await both.context.leaveSource('erp');
    expect(await run('next', ['erp'], nothing)).toMatchObject({ state: 'succeeded', phases: [] });
    const id = newRunId();
    const waiting = run('other', ['hr'], nothing, id);
    await waitFor(
      'the run to be queued',
      async () => ((await store.get(id))?.state === 'queued' ? true : undefined),
      5_000,
    );
    expect((await both.end()).state).toBe('succeeded');
    expect((await waiting).state).toBe('succeeded');
  });

  it('never waits for one that waits for it, whatever the order of sources in the jobs', async () => {
    const orders = [
      ['a', 'b', 'c'],
      ['c', 'b', 'a'],
      ['b', 'c', 'a'],
      ['c', 'a', 'b'],
    ];
    let working = 0;
    const records = await Promise.all(
      orders.map((sources, n) =>
        run(`job-${n}`, sources, async () => {
          working += 1;
          expect(working).toBe(1);
          // Others have their turn to break in.
          await new Promise((resolve) => setImmediate(resolve));
          working -= 1;
        }),
      ),
    );
    expect(records.map(({ state }) => state)).toEqual(Array(4).fill('succeeded'));
    expect(await documents.list('leases/queue/', 10)).toEqual([]);
  });
});
