import { readFile, writeFile } from 'node:fs/promises';
import type { DocumentStore } from './document-store.ts';

/** Documents that end with the process: for rehearsals, which must not be remembered. */
export function createMemoryDocumentStore(now: () => number = () => performance.now()): DocumentStore {
  const documents = new Map<string, { body: string; version: number; writtenAt: number }>();
  const files = new Map<string, { content: Buffer; writtenAt: number }>();
  // Sorted, because lists are far more frequent than new keys.
  const keys: string[] = [];
  let writes = 0;
  const addKey = (key: string) => {
    if (documents.has(key) || files.has(key)) return;
    keys.splice(lowerBound(keys, key), 0, key);
  };
  const keysBelow = (prefix: string, limit: number, after = ''): string[] => {
    const found: string[] = [];
    for (let at = lowerBound(keys, prefix > after ? prefix : after); found.length < limit; at += 1) {
      const key = keys[at];
      if (!key?.startsWith(prefix)) break;
      if (key !== after) found.push(key);
    }
    return found;
  };
  const write = (key: string, body: string) => {
    addKey(key);
    writes += 1;
    documents.set(key, { body, version: writes, writtenAt: now() });
    return String(writes);
  };
  return {
    now: async () => performance.timeOrigin + performance.now(),
    address: (key) => key,
    async put(key, body) {
      write(key, body);
    },
    async create(key, body) {
      if (documents.has(key)) return false;
      write(key, body);
      return true;
    },
    async get(key) {
      return documents.get(key)?.body;
    },
    async list(prefix, limit, after) {
      return keysBelow(prefix, limit, after);
    },
    async listWithAges(prefix, limit) {
      const moment = now();
      const ageOf = (key: string) => moment - ((documents.get(key) ?? files.get(key))?.writtenAt ?? moment);
      return keysBelow(prefix, limit).map((key) => ({ key, ageMs: ageOf(key) }));
    },
    async putFile(key, path) {
      addKey(key);
      files.set(key, { content: await readFile(path), writtenAt: now() });
    },
    async getFile(key, path) {
      const found = files.get(key);
      if (found) await writeFile(path, found.content);
      return found !== undefined;
    },
    async remove(key) {
      if (documents.delete(key) || files.delete(key)) keys.splice(lowerBound(keys, key), 1);
    },
    async read(key) {
      const found = documents.get(key);
      return found && { body: found.body, version: String(found.version), ageMs: now() - found.writtenAt };
    },
    async replace(key, body, seen) {
      const found = documents.get(key);
      return (found && String(found.version)) === seen ? write(key, body) : undefined;
    },
  };
}

/** The position of `key` in the sorted `keys`, or where it would be. */
function lowerBound(keys: readonly string[], key: string): number {
  let from = 0;
  let to = keys.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((keys[middle] as string) < key) from = middle + 1;
    else to = middle;
  }
  return from;
}
