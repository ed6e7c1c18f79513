import { StorageUnavailableError } from '../../../shared/errors.ts';
import type { DocumentStore } from '../../../shared/runs/documents/document-store.ts';

/** What of a document store fails, and how. */
export interface StoreFault {
  on: keyof DocumentStore;
  /** The keys that it is about. */
  key: RegExp;
  /** How many of these calls go well before. @default 0 */
  after?: number;
  /** Whether it is the time. @default always */
  when?: () => boolean;
  /** @default all that follow */
  times?: number;
  /** The call takes effect, and its answer is lost. @default false */
  apply?: boolean;
}

/** A call of a document store, as it arrived. */
export interface StoreCall {
  on: keyof DocumentStore;
  key: string;
  failed: boolean;
}

/**
 * A document store that fails as planned, with the error of a store that cannot be reached.
 *
 * @param calls gets every call
 */
export function failingStore(
  store: DocumentStore,
  faults: readonly StoreFault[],
  calls: StoreCall[],
): DocumentStore {
  const plans = faults.map(({ after = 0, times = Number.POSITIVE_INFINITY, ...fault }) => ({
    ...fault,
    after,
    times,
  }));
  const takeFault = (on: keyof DocumentStore, key: string) => {
    const plan = plans.find(
      (one) => one.on === on && one.key.test(key) && one.times > 0 && (one.when?.() ?? true),
    );
    if (plan && plan.after > 0) {
      plan.after -= 1;
      return undefined;
    }
    if (plan) plan.times -= 1;
    return plan;
  };
  const meet = async <T>(on: keyof DocumentStore, key: string, work: () => Promise<T>): Promise<T> => {
    const fault = takeFault(on, key);
    calls.push({ on, key, failed: fault !== undefined });
    if (!fault) return work();
    if (fault.apply) await work();
    throw new StorageUnavailableError('The store of this test is away.');
  };
  return {
    now: () => meet('now', '', () => store.now()),
    address: (key) => store.address(key),
    put: (key, body) => meet('put', key, () => store.put(key, body)),
    create: (key, body) => meet('create', key, () => store.create(key, body)),
    get: (key) => meet('get', key, () => store.get(key)),
    list: (prefix, limit) => meet('list', prefix, () => store.list(prefix, limit)),
    listWithAges: (prefix, limit) => meet('listWithAges', prefix, () => store.listWithAges(prefix, limit)),
    remove: (key) => meet('remove', key, () => store.remove(key)),
    putFile: (key, path, signal) => meet('putFile', key, () => store.putFile(key, path, signal)),
    getFile: (key, path) => meet('getFile', key, () => store.getFile(key, path)),
    read: (key) => meet('read', key, () => store.read(key)),
    replace: (key, body, seen) => meet('replace', key, () => store.replace(key, body, seen)),
  };
}
