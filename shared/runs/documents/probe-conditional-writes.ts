import { randomUUID } from 'node:crypto';
import { ConfigError } from '../../errors.ts';
import type { DocumentStore } from './document-store.ts';

/**
 * Tries what every lease rests on: that of two writers who saw the same version, one succeeds. Some S3-compatible
 * stores take the headers of a conditional write and ignore them.
 *
 * @throws ConfigError when the store does not keep that promise; StorageUnavailableError when it cannot be reached
 */
export async function probeConditionalWrites(store: DocumentStore): Promise<void> {
  const key = `probes/${randomUUID()}.json`;
  try {
    const first = await store.replace(key, '{"probe":1}', undefined);
    const again = await store.replace(key, '{"probe":2}', undefined);
    const second = first === undefined ? undefined : await store.replace(key, '{"probe":3}', first);
    const late = first === undefined ? undefined : await store.replace(key, '{"probe":4}', first);
    if (first !== undefined && again === undefined && second !== undefined && late === undefined) return;
    const header = again === undefined ? 'If-Match' : 'If-None-Match';
    throw new ConfigError(
      `The store of Ferry’s state (${store.address('')}) ignores conditional writes (${header}).`,
      {
        hint: 'Without them two processes could run one job at once. Use a store that supports them, such as Amazon S3 or a recent MinIO, or a folder.',
      },
    );
  } finally {
    await store.remove(key).catch(() => {});
  }
}
