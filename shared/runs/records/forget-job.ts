import type { DocumentStore } from '../documents/document-store.ts';
import { stateKeysOf } from './job-states.ts';
import { idOfKey, pointerKeyOf, recordsPrefix } from './run-records.ts';
import { requestKeyOf } from './run-request-store.ts';

const MAX_KEYS = 10_000;

/** Removes the runs of a job that nobody will run again, and what else the store has of it. */
export async function forgetJob(documents: DocumentStore, job: string): Promise<void> {
  const records = await documents.list(recordsPrefix(job), MAX_KEYS);
  for (const id of records.map(idOfKey).filter((one) => one !== undefined)) {
    await documents.remove(pointerKeyOf(id));
    await documents.remove(requestKeyOf(id));
  }
  for (const prefix of [`jobs/${job}/`, stateKeysOf(job), `leases/${job}.`])
    for (const key of await documents.list(prefix, MAX_KEYS)) await documents.remove(key);
}
