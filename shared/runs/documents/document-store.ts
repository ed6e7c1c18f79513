/** A document, and the version that a replacement must name. */
export interface VersionedDocument {
  body: string;
  /** Opaque; changes with each write. */
  version: string;
  /** How long ago it was written, by the store's own clock: a machine's clock may be wrong by hours. */
  ageMs: number;
}

/** A key, and how long ago it was written, by the store's own clock. */
export interface ListedKey {
  key: string;
  ageMs: number;
}

/**
 * Where Ferry stores its JSON documents: a bucket or a folder. Keys use `/`. Implementations throw
 * StorageUnavailableError.
 *
 * @example
 * const seen = await documents.read('leases/orders.json');
 * const version = await documents.replace('leases/orders.json', body, seen?.version);
 * if (version === undefined) throw new Error('Somebody else was faster.');
 */
export interface DocumentStore {
  /** The time by the store's own clock, in ms since 1970; on S3 to the second. */
  now(): Promise<number>;
  /** Writes and removes a byte: a disk may be full, and a folder read-only. A bucket is never full, so it has none. */
  assertWritable?(): Promise<void>;
  /** The address of a document, for people. */
  address(key: string): string;
  put(key: string, body: string): Promise<void>;
  /**
   * Like {@link put}, but only if the document does not exist: of many who try at once, one succeeds.
   *
   * @returns whether it was this one
   */
  create(key: string, body: string): Promise<boolean>;
  /** The document's text; undefined if it does not exist. */
  get(key: string): Promise<string | undefined>;
  /**
   * The first keys with this prefix, in ascending order.
   *
   * @param after only keys after this one, which need not exist
   */
  list(prefix: string, limit: number, after?: string): Promise<string[]>;
  /** Like {@link list}, with ages: one request shows which of many documents are still being written to. */
  listWithAges(prefix: string, limit: number): Promise<ListedKey[]>;
  /** Removes what {@link put} or {@link putFile} has written. An absent key is not an error. */
  remove(key: string): Promise<void>;
  /** Stores a file of any size, streamed; ends early with the signal's reason. */
  putFile(key: string, path: string, signal?: AbortSignal): Promise<void>;
  /** Writes a stored file to `path`; false if it does not exist. */
  getFile(key: string, path: string): Promise<boolean>;
  /** Reads a document that only {@link replace} writes; undefined if it does not exist. */
  read(key: string): Promise<VersionedDocument | undefined>;
  /**
   * Writes a document if it is still the version that the caller has seen: of many who try at once, one succeeds.
   *
   * @param seen undefined if there was none
   * @returns the new version; undefined when somebody else was faster
   */
  replace(key: string, body: string, seen: string | undefined): Promise<string | undefined>;
}
