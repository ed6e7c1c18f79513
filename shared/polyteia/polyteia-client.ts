import type { UploadContentType } from './upload-format.ts';

/** What Ferry needs of Polyteia, whichever generation of its API is behind it. */
export interface PolyteiaClient {
  /**
   * Asks, before anything is read from the source, what would make an upload fail: whether the key is valid, the dataset exists and,
   * where the API knows them, the data processing terms are acknowledged.
   *
   * @throws PolyteiaRejectedError, PolyteiaUnavailableError
   */
  checkDataset(dataset: string, signal?: AbortSignal): Promise<CheckedDataset>;

  /** What `ferry check` tries, one by one: each stands on its own, and none changes anything. */
  checks(dataset: string): readonly TargetCheck[];

  /**
   * Sends a file that replaces the dataset's content: whole, or not at all. Safe to repeat.
   *
   * @returns as soon as Polyteia has the file; where it still has to read it, with the ingest to ask for
   * @throws PolyteiaRejectedError, PolyteiaUnavailableError
   */
  upload(upload: Upload): Promise<{ ingest?: Ingest }>;

  /**
   * Asks once how far Polyteia is with a file; another process than the one that uploaded may ask.
   *
   * @throws PolyteiaRejectedError when asking again is of no use, PolyteiaUnavailableError otherwise
   */
  getIngestStatus(ingest: Ingest, signal?: AbortSignal): Promise<IngestStatus>;

  /**
   * Asks again and again until Polyteia has read the file, or the caller has no more time.
   *
   * @returns `unfinished` only when `until` came first: ask again later
   * @throws PolyteiaRejectedError when it could not read it, DeadlineError when it takes longer than the target allows
   */
  waitForIngest(ingest: Ingest, wait?: IngestWait): Promise<'completed' | 'unfinished'>;

  /**
   * What the dataset holds now, as far as Polyteia reports it; absent where the API does not report it at all.
   *
   * @throws PolyteiaRejectedError, PolyteiaUnavailableError
   */
  getContent?(dataset: string, signal?: AbortSignal): Promise<DatasetContent | undefined>;

  /** Closes idle connections. */
  close(): Promise<void>;
}

export interface CheckedDataset {
  /** What it holds before the run, where the API reports it and the key may read it. */
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
  /** Called right before the file is sent, after whatever has to be asked for first; what it throws keeps the file from being sent. */
  beforeSending?: () => Promise<void>;
  /** Called when all but the last bytes are sent: what it throws keeps Polyteia from getting the whole file. */
  beforeEnd?: () => Promise<void>;
  /** Called with the number of bytes sent so far. */
  onProgress?: (bytes: number) => void;
  signal?: AbortSignal;
}

/** A file that Polyteia took and reads: all that another process needs to ask for it. */
export interface Ingest {
  /** `dsig_…` */
  id: string;
  dataset: string;
}

/** How far Polyteia is with a file. */
export interface IngestStatus {
  state: 'pending' | 'running' | 'completed' | 'failed';
  /** Of a failed one: what it is about and where, in words of Ferry's own, as Polyteia's may quote the file. */
  reason?: string;
}

export interface IngestWait {
  /** When the upload was accepted, from which the target's time-out counts. @default now */
  since?: Date;
  /** When the caller must stop waiting. @default never */
  until?: Date | undefined;
  signal?: AbortSignal | undefined;
}
