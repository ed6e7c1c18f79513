/** The calls that a failure can be planned for: of the classic API, then of the session API; an upload is of both. */
export type StandInOperation =
  | 'generate_dataset_upload_token'
  | 'get_dataset'
  | 'upload'
  | 'exchange'
  | 'getDatasetById'
  | 'getMyAcceptanceStatus'
  | 'getDatasetIngestStatus';

/** How a planned failure looks to the client. */
export type FailureHow =
  /** An HTTP status, with an error as the API tells it or, as from a proxy, with HTML. `early` answers before the body is read. */
  | {
      kind: 'status';
      status: number;
      message?: string;
      /** Of an upload to the session API, such as dpa.not-acknowledged. */
      code?: string;
      html?: string;
      headers?: Record<string, string>;
      early?: boolean;
    }
  /** A business error: HTTP 200 with an error inside. For an upload, whose errors are text, HTTP `code` with `message`. */
  | { kind: 'errorEnvelope'; code: number; message: string; details?: readonly unknown[] }
  /** The connection is reset. With `apply`, the call had taken effect: the client cannot know. */
  | { kind: 'reset'; when: 'before' | 'middle' | 'after'; apply?: boolean }
  /** The normal answer, but late. */
  | { kind: 'slow'; ms: number }
  /** The request is read, and takes effect and is answered when that is the case. */
  | { kind: 'late'; until: Promise<unknown> }
  /** The normal answer, in as many pieces as it has bytes, at once or at intervals. */
  | { kind: 'drip'; everyMs?: number }
  /** The call takes effect, and its answer never ends. */
  | { kind: 'endless' }
  /** The request is read, and never answered. */
  | { kind: 'hang' }
  /** The call takes effect, and half of its answer arrives. */
  | { kind: 'truncated' }
  /** The call takes effect, unless `apply` is false, and the answer (HTTP 200) is not what it should be: HTML by default. */
  | { kind: 'notJson'; body?: string; contentType?: string; apply?: false };

/** A failure that the next `times` calls of an operation meet. */
export interface PlannedFailure {
  on: StandInOperation;
  /** How many of its calls go well before. @default 0 */
  after?: number;
  /** @default 1 */
  times?: number;
  how: FailureHow;
}

/** A dataset as its owner set it up. */
export interface DatasetSetup {
  /** `ds_…` */
  id: string;
  solutionId?: string;
  slug?: string;
  name?: string;
  /** Whether the key's user may edit it; known to the session API only. @default true */
  mayEdit?: boolean;
  /** Whether the key's user has acknowledged the terms of its solution; session API only. @default true */
  termsAcknowledged?: boolean;
  /** A Parquet file that was uploaded a while ago. @default none */
  content?: Uint8Array;
}

/** What becomes of an upload to the session API. */
export interface IngestPlan {
  /** hanging: never ends; lost: nothing is known of it any more. @default completed */
  outcome?: 'completed' | 'failed' | 'hanging' | 'lost';
  /** How often it is answered as under way before. @default 0 */
  polls?: number;
  /** Of a failed one. */
  errorMessage?: string;
}

/** A dataset and what was uploaded to it. */
export interface StandInDataset {
  id: string;
  organizationId: string;
  solutionId: string;
  name: string;
  slug: string;
  createdAt: string;
  updatedAt: string;
  mayEdit: boolean;
  termsAcknowledged: boolean;
  /** How many uploads replaced the content. */
  uploads: number;
  /** The present content, absent before the first upload. The file goes when another replaces it. */
  content?: { file: string; contentType: string; size: number; uploadedAt: string };
}

/** One request, as it arrived. */
export interface RecordedCall {
  /** What it was, as far as that is known. */
  on: StandInOperation | 'unknown';
  at: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  /** The request's declared length, absent when it was sent in chunks. */
  contentLength?: number;
  params?: Record<string, unknown>;
  /** Of an upload: the bytes of the file, and the name it was given. */
  file?: { name: string; size: number };
  /** The status that was answered, absent when the connection was reset or left hanging. */
  status?: number;
  /** The planned failure that it met. */
  failure?: FailureHow['kind'];
}

/** How the stand-in is set up. */
export interface PolyteiaStandInOptions {
  /** The generation that is spoken; calls of the other one are violations. @default classic */
  api?: 'classic' | 'session';
  /** @default a free one */
  port?: number;
  /** @default 127.0.0.1 */
  host?: string;
  /** @default a random one */
  personalAccessKey?: string;
  /** Datasets, or only their ids. @default one dataset */
  datasets?: ReadonlyArray<string | DatasetSetup>;
  /** How long an upload token is good for. @default unlimited */
  tokenLifetimeMs?: number;
  /** @default org_test, stadt-test */
  organization?: { id?: string; slug?: string };
  /** How long a session is good for. @default 15 minutes */
  sessionLifetimeMs?: number;
  /** What the session API takes; another content type is refused with 415. @default both */
  accepts?: readonly string[];
  /** Whether an upload to the classic API may leave its type to its token, as the Go connector does. @default no */
  takesUntypedParts?: boolean;
  /** Certificate and key, as PEM, for https://localhost. @default http */
  tls?: { cert: string; key: string };
}

/** A running stand-in. */
export interface PolyteiaStandIn extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40123`, without a trailing slash. */
  baseUrl: string;
  personalAccessKey: string;
  organization: { id: string; slug: string };
  datasets: ReadonlyMap<string, StandInDataset>;
  calls: readonly RecordedCall[];
  /** Everything the contract does not allow, in words. */
  violations: readonly string[];
  failNext(failure: PlannedFailure): void;
  /** Says what becomes of the next upload to the session API; several plans are for several uploads. */
  planIngest(plan: IngestPlan): void;
  /** Lets every ingest that hangs come to a good end, the next time it is asked for. */
  endHangingIngests(): void;
  /** Ends all sessions earlier than announced. */
  expireSessions(): void;
  /** Throws when the client did something that the contract does not allow. */
  assertNoViolations(): void;
  /** Closes all connections, hanging ones too, and removes the uploaded files. */
  stop(): Promise<void>;
}

/** An upload token and what it is good for. */
export interface UploadToken {
  datasetId: string;
  contentType: string;
  expiresAt: number;
  used: boolean;
}

/** A file that the session API took and reads. */
export interface StandInIngest {
  datasetId: string;
  contentType: string;
  path: string;
  plan: Required<IngestPlan>;
  /** How often it was asked for. */
  asked: number;
  ended: boolean;
}

/** What the parts of the stand-in share. */
export interface StandInState {
  api: 'classic' | 'session';
  personalAccessKey: string;
  tokenLifetimeMs: number;
  folder: string;
  datasets: Map<string, StandInDataset>;
  tokens: Map<string, UploadToken>;
  organization: { id: string; slug: string };
  sessionLifetimeMs: number;
  accepts: readonly string[];
  takesUntypedParts: boolean;
  /** When each session ends. */
  sessions: Map<string, number>;
  ingests: Map<string, StandInIngest>;
  ingestPlans: IngestPlan[];
  calls: RecordedCall[];
  violations: string[];
  failures: Array<{ on: StandInOperation; after: number; left: number; how: FailureHow }>;
}

/** What is sent back when nothing is made to fail. */
export interface Answer {
  status: number;
  contentType: 'application/json' | 'text/plain';
  body: string;
}
