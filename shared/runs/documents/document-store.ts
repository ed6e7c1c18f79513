/** A document and what is needed to replace exactly this version of it. */
export interface VersionedDocument {
  body: string;
  /** Opaque; changes with each write. */
  version: string;
  /** How long ago it was written, by the store's own clock: those of the machines may be wrong by hours. */
  ageMs: number;
}

/** A key, and how long ago it was written, by the store's own clock. */
export interface ListedKey {
  key: string;
  ageMs: number;
}

/** Where Ferry keeps its JSON documents: a bucket or a folder. Keys use `/`. Implementations throw StorageUnavailableError. */
export interface DocumentStore {
  /** Where a document is, for people. */
  address(key: string): string;
  put(key: string, body: string): Promise<void>;
  /** The document's text; undefined when there is none. */
  get(key: string): Promise<string | undefined>;
  /**
   * The first keys with this prefix, in ascending order.
   *
   * @param after only keys that come after this one; it need not exist
   */
  list(prefix: string, limit: number, after?: string): Promise<string[]>;
  /** As {@link list}, with ages: one request shows which of many documents are still being written to. */
  listWithAges(prefix: string, limit: number): Promise<ListedKey[]>;
  /** Removes what {@link put} or {@link putFile} has written; an absent key is no error. */
  remove(key: string): Promise<void>;
  /** Stores a file of any size, streamed; ends early with the signal's reason. */
  putFile(key: string, path: string, signal?: AbortSignal): Promise<void>;
  /** Writes a stored file to `path`; false when there is none. */
  getFile(key: string, path: string): Promise<boolean>;
  /** A document that is only ever written by {@link replace}; undefined when there is none. */
  read(key: string): Promise<VersionedDocument | undefined>;
  /**
   * Writes a document if it still is the version that the caller has seen: of many who try at once, one succeeds.
   *
   * @param seen undefined: there was none
   * @returns the new version; undefined when somebody else was faster
   */
  replace(key: string, body: string, seen: string | undefined): Promise<string | undefined>;
}
