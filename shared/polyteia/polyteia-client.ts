import type { UploadContentType } from './upload-format.ts';

/**
 * What Ferry needs from Polyteia, whichever generation of its API is behind it.
 *
 * @example
 * await client.checkDataset('ds_vogelhaus1');
 * const { ingest } = await client.upload({ dataset: 'ds_vogelhaus1', file: 'result.parquet', … });
 * if (ingest) await client.waitForIngest(ingest); // the session API reads the file after it has answered
 */
export interface PolyteiaClient {
  /**
   * Asks, before anything is read from the source, about everything that would make an upload fail: whether the key is
   * valid, the dataset exists and, where the API knows about them, the data processing terms are acknowledged.
   *
   * @throws PolyteiaRejectedError, PolyteiaUnavailableError
   */
  checkDataset(dataset: string, signal?: AbortSignal): Promise<CheckedDataset>;

  /** What `ferry check` tries, one by one. Each is independent, and none changes anything. */
  checks(dataset: string): readonly TargetCheck[];

  /**
   * Sends a file that replaces the dataset's content, completely or not at all. Safe to repeat.
   *
   * @returns as soon as Polyteia has the file; if it still has to read it, with the ingest to ask about
   * @throws PolyteiaRejectedError, PolyteiaUnavailableError
   */
  upload(upload: Upload): Promise<{ ingest?: Ingest }>;

  /**
   * Asks once how far Polyteia is with a file. Another process than the one that uploaded may ask.
   *
   * @throws PolyteiaRejectedError when asking again is pointless, PolyteiaUnavailableError otherwise
   */
  getIngestStatus(ingest: Ingest, signal?: AbortSignal): Promise<IngestStatus>;

  /**
   * Keeps asking until Polyteia has read the file, or the caller has no more time.
   *
   * @returns `unfinished` only when `until` came first: ask again later
   * @throws PolyteiaRejectedError when it could not read it, DeadlineError when it takes longer than the target allows
   */
  waitForIngest(ingest: Ingest, wait?: IngestWait): Promise<'completed' | 'unfinished'>;

  /**
   * What the dataset contains now, as far as Polyteia reports it; absent where the API never reports it.
   *
   * @throws PolyteiaRejectedError, PolyteiaUnavailableError
   */
  getContent?(dataset: string, signal?: AbortSignal): Promise<DatasetContent | undefined>;

  /** Closes idle connections. */
  close(): Promise<void>;
}

export interface CheckedDataset {
  /** What the dataset contains before the run, if the API reports it and the key may read it. */
  content?: DatasetContent;
}

/** The upload that a dataset shows. */
export interface DatasetContent {
  contentType: string;
  size: number;
  /** By Polyteia's clock, ISO 8601. */
  uploadedAt: string;
}

export interface TargetCheck {
  /** What is checked, such as `dataset access`. */
  check: string;
  /** @returns what was found, ready to print */
  run(signal?: AbortSignal): Promise<string>;
}

export interface Upload {
  dataset: string;
  /** Path of the file; it is streamed, never held in memory. */
  file: string;
  contentType: UploadContentType;
  /**
   * Called right before the file is sent, after all preceding questions. An error thrown here keeps the file from being
   * sent.
   */
  beforeSending?: () => Promise<void>;
  /** Called when all but the last bytes are sent. An error thrown here keeps Polyteia from getting the whole file. */
  beforeEnd?: () => Promise<void>;
  /** Called with the number of bytes sent so far. */
  onProgress?: (bytes: number) => void;
  signal?: AbortSignal;
}

/** A file that Polyteia has accepted and is reading: all that another process needs to ask about it. */
export interface Ingest {
  /** `dsig_…` */
  id: string;
  dataset: string;
}

/** How far Polyteia is with a file. */
export interface IngestStatus {
  state: 'pending' | 'running' | 'completed' | 'failed';
  /** Only for a failure: what it is about and where, in Ferry's own words, because Polyteia's may quote the file. */
  reason?: string;
}

export interface IngestWait {
  /** When the upload was accepted, from which the target's time-out counts. @default now */
  since?: Date;
  /** When the caller must stop waiting. @default never */
  until?: Date | undefined;
  signal?: AbortSignal | undefined;
}
