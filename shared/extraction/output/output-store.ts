/** A document of an output, and the version that a replacement must name. */
export interface OutputDocument {
  body: string;
  /** Opaque; changes with each write. */
  version: string;
}

/**
 * Where the files of extractions go: a bucket or a folder, possibly somebody else's. Keys use `/`, and are complete:
 * they begin with {@link OutputStore.base}.
 *
 * Implementations throw ConfigError where somebody has to change something (no such bucket, a permission is missing),
 * and StorageUnavailableError for failures that may pass on their own.
 */
export interface OutputStore {
  /** The address of all keys, for people: `s3://bucket`, or the path of a folder. */
  readonly location: string;
  /** The start of all keys: empty, or something that ends with a slash. */
  readonly base: string;
  /** Stores a file of any size; ends early with the signal's reason. */
  putFile(key: string, path: string, signal?: AbortSignal): Promise<void>;
  /** Stores a JSON document. */
  put(key: string, body: string): Promise<void>;
  /** Reads a document; undefined if it does not exist. */
  read(key: string): Promise<OutputDocument | undefined>;
  /**
   * Writes a document if it is still the version that the caller has seen.
   *
   * @param seen undefined if there was none
   * @returns false when somebody else was faster
   */
  replace(key: string, body: string, seen: string | undefined): Promise<boolean>;
  /**
   * Removes everything below a folder.
   *
   * @param folder ends with a slash
   */
  removeFolder(folder: string): Promise<void>;
}

/** The address of a key, for people and for the record of a run. */
export const addressOf = ({ location }: Pick<OutputStore, 'location'>, key: string) => `${location}/${key}`;
