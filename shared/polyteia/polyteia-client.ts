/** What a sync needs of Polyteia, whichever generation of its API is behind it. */
export interface PolyteiaClient {
  /**
   * Asks, before anything is read, whether the key is valid and the dataset exists.
   *
   * @throws PolyteiaRejectedError, PolyteiaUnavailableError
   */
  checkDataset(dataset: string, signal?: AbortSignal): Promise<void>;

  /**
   * Replaces the dataset's content by a file: whole, or not at all. Safe to repeat.
   *
   * @throws PolyteiaRejectedError, PolyteiaUnavailableError
   */
  upload(upload: Upload): Promise<void>;

  /** Closes idle connections. */
  close(): Promise<void>;
}

export interface Upload {
  dataset: string;
  /** Path of the file; it is streamed, never held in memory. */
  file: string;
  contentType: 'application/vnd.apache.parquet';
  /** Called with the number of bytes sent so far. */
  onProgress?: (bytes: number) => void;
  signal?: AbortSignal;
}
