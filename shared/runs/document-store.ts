/** Where Ferry keeps its JSON documents: a bucket or a folder. Keys use `/`. Implementations throw StorageUnavailableError. */
export interface DocumentStore {
  put(key: string, body: string): Promise<void>;
  /** The document's text; undefined when there is none. */
  get(key: string): Promise<string | undefined>;
  /** The first keys with this prefix, in ascending order. */
  list(prefix: string, limit: number): Promise<string[]>;
}
