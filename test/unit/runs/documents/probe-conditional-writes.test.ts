import { expect, it } from 'vitest';
import type { DocumentStore } from '../../../../shared/runs/documents/document-store.ts';
import { createMemoryDocumentStore } from '../../../../shared/runs/documents/memory-document-store.ts';
import { probeConditionalWrites } from '../../../../shared/runs/documents/probe-conditional-writes.ts';

/** A store that writes whatever it is asked to write, in these cases. */
function ignoring(ignored: (seen: string | undefined) => boolean): DocumentStore {
  const store = createMemoryDocumentStore();
  return {
    ...store,
    async replace(key, body, seen) {
      const current = (await store.read(key))?.version;
      return store.replace(key, body, ignored(seen) ? current : seen);
    },
  };
}

it('a store that keeps to conditional writes passes, and nothing is left in it', async () => {
  const store = createMemoryDocumentStore();
  await probeConditionalWrites(store);
  expect(await store.list('', 10)).toEqual([]);
});

it.each([
  ['If-None-Match', (seen: string | undefined) => seen === undefined],
  ['If-Match', (seen: string | undefined) => seen !== undefined],
])('a store that ignores %s is refused by that name', async (header, ignored) => {
  await expect(probeConditionalWrites(ignoring(ignored))).rejects.toMatchObject({
    class: 'ConfigError',
    message: expect.stringContaining(`ignores conditional writes (${header})`),
    hint: expect.stringContaining('two processes could run one job at once'),
  });
});
