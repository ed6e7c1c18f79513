import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { DocumentStore } from '../documents/document-store.ts';
import { openObject, readDocument, SCHEMA_VERSION, schemaVersion } from '../documents/stored-document.ts';
import { type RunRequest, storedRunRequestSchema } from './run-request.ts';

const storedRequestSchema = openObject({
  schemaVersion,
  requestedAt: z.iso.datetime(),
  request: storedRunRequestSchema,
});
/** A request, and when it was made. */
export type StoredRequest = Omit<z.infer<typeof storedRequestSchema>, 'schemaVersion'>;

/** Stores requests until the run's own record exists, and the request that belongs to each idempotency key. */
export interface RunRequestStore {
  /** The request that belongs to a caller's key in a job; undefined for a new key. */
  findByKey(job: string, key: string): Promise<RunRequest | undefined>;
  /**
   * Assigns a request to a key: of many who try at once, one succeeds.
   *
   * @returns the request that the key has from now on, which is another's if that was faster
   */
  claimKey(key: string, stored: StoredRequest): Promise<RunRequest>;
  save(stored: StoredRequest): Promise<void>;
  /** The request for a run; undefined if there was none, or it has expired. */
  find(runId: string): Promise<StoredRequest | undefined>;
}

// A caller's key may contain anything, including characters that no file name can have.
const keyOfKey = (job: string, key: string) =>
  `requests/keys/${job}.${createHash('sha256').update(key).digest('hex')}.json`;
/** Where the request for a run is. */
export const requestKeyOf = (runId: string) => `requests/runs/${runId}.json`;

const write = (stored: StoredRequest) => JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...stored });

/** Requests over any document store. */
export function createRunRequestStore(documents: DocumentStore): RunRequestStore {
  const parse = (key: string, what: string, text: string | undefined): StoredRequest | undefined =>
    text === undefined
      ? undefined
      : readDocument(storedRequestSchema, text, {
          what,
          at: documents.address(key),
          remedy: 'Remove it, and send the request again.',
        });
  const keyed = (job: string) => `The request of ${job} with this Idempotency-Key`;
  return {
    async findByKey(job, key) {
      const name = keyOfKey(job, key);
      return parse(name, keyed(job), (await documents.read(name))?.body)?.request;
    },
    async claimKey(key, stored) {
      const name = keyOfKey(stored.request.job, key);
      for (;;) {
        const found = await documents.read(name);
        const earlier = parse(name, keyed(stored.request.job), found?.body)?.request;
        if (earlier) return earlier;
        const version = await documents.replace(name, write(stored), found?.version);
        if (version !== undefined) return stored.request;
      }
    },
    save: (stored) => documents.put(requestKeyOf(stored.request.runId), write(stored)),
    async find(runId) {
      const name = requestKeyOf(runId);
      return parse(name, `The request for run ${runId}`, await documents.get(name));
    },
  };
}
