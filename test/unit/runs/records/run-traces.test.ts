import { describe, expect, it } from 'vitest';
import type { DocumentStore } from '../../../../shared/runs/documents/document-store.ts';
import { createMemoryDocumentStore } from '../../../../shared/runs/documents/memory-document-store.ts';
import { createRunTraces } from '../../../../shared/runs/records/run-traces.ts';

const KEY = 'leases/orders.traces.json';
const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

describe('the traces of runs', () => {
  it('are kept for the newest runs of a job, with everything that was noted of each', async () => {
    const traces = createRunTraces(createMemoryDocumentStore());
    await traces.noteTrace('orders', { runId: 'first', traceparent });
    for (let n = 0; n < 9; n += 1) await traces.noteTrace('orders', { runId: `run-${n}` });
    await traces.noteTrace('orders', { runId: 'first', traceId: 'c', spanId: 'd' });
    await traces.noteTrace('orders', { runId: 'last' });
    const found = await traces.readTraces('orders');
    expect(found).toHaveLength(10);
    expect(found.slice(0, 2)).toEqual([
      { runId: 'last' },
      { runId: 'first', traceparent, traceId: 'c', spanId: 'd' },
    ]);
    expect(found.map(({ runId }) => runId)).not.toContain('run-0');
    expect(await traces.readTraces('other')).toEqual([]);
  });

  it('of two processes at once are both kept', async () => {
    const traces = createRunTraces(createMemoryDocumentStore());
    await Promise.all(['a', 'b'].map((runId) => traces.noteTrace('orders', { runId })));
    expect((await traces.readTraces('orders')).map(({ runId }) => runId).sort()).toEqual(['a', 'b']);
  });

  it.each([
    ['damaged, are begun anew', '{"runs": 1', ['x']],
    ['of a later release, are left alone', '{"schemaVersion": 2, "runs": "y"}', []],
  ])('that are %s', async (_what, text, expected) => {
    const documents = createMemoryDocumentStore();
    await documents.replace(KEY, text, undefined);
    const traces = createRunTraces(documents);
    await traces.noteTrace('orders', { runId: 'x' });
    expect((await traces.readTraces('orders')).map(({ runId }) => runId)).toEqual(expected);
    if (expected.length === 0) expect((await documents.read(KEY))?.body).toBe(text);
  });

  it('fail nothing when the state cannot be reached, or is always changed by others', async () => {
    const away = () => Promise.reject(new Error('away'));
    const memory = createMemoryDocumentStore();
    const stores: DocumentStore[] = [
      { ...memory, read: away },
      { ...memory, replace: async () => undefined },
    ];
    for (const documents of stores) {
      const traces = createRunTraces(documents);
      await traces.noteTrace('orders', { runId: 'x' });
      expect(await traces.readTraces('orders')).toEqual([]);
    }
  });
});
