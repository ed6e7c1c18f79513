import { readFile, writeFile } from 'node:fs/promises';
import type { DocumentStore } from './document-store.ts';

/** Documents that end with the process: for what is rehearsed and not to be remembered. */
export function createMemoryDocumentStore(now: () => number = () => performance.now()): DocumentStore {
  const documents = new Map<string, { body: string; version: number; writtenAt: number }>();
  const files = new Map<string, { content: Buffer; writtenAt: number }>();
  let writes = 0;
  const write = (key: string, body: string) => {
    writes += 1;
    documents.set(key, { body, version: writes, writtenAt: now() });
    return String(writes);
  };
  return {
    address: (key) => key,
    async put(key, body) {
      write(key, body);
    },
    async get(key) {
      return documents.get(key)?.body;
    },
    async list(prefix, limit, after = '') {
      return [...documents.keys(), ...files.keys()]
        .filter((key) => key.startsWith(prefix) && key > after)
        .sort()
        .slice(0, limit);
    },
    async listWithAges(prefix, limit) {
      return [...documents, ...files]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, { writtenAt }]) => ({ key, ageMs: now() - writtenAt }))
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .slice(0, limit);
    },
    async putFile(key, path) {
      files.set(key, { content: await readFile(path), writtenAt: now() });
    },
    async getFile(key, path) {
      const found = files.get(key);
      if (found) await writeFile(path, found.content);
      return found !== undefined;
    },
    async remove(key) {
      documents.delete(key);
      files.delete(key);
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
