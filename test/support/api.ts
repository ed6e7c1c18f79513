import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { createApi } from '../../shared/api/create-api.ts';
import type { ApiDependencies } from '../../shared/api/dependencies.ts';
import type { JobIndex } from '../../shared/api/jobs/job-index.ts';
import { methodsOf, routes } from '../../shared/api/routes.ts';
import type { DocumentStore } from '../../shared/runs/documents/document-store.ts';
import { createMemoryDocumentStore } from '../../shared/runs/documents/memory-document-store.ts';
import type { CheckRequest } from '../../shared/runs/records/job-check.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';
import type { RunRequest } from '../../shared/runs/records/run-request.ts';
import { createRunRequestStore } from '../../shared/runs/records/run-request-store.ts';
import { createRunStore, type RunStore } from '../../shared/runs/records/run-store.ts';
import { newRunId } from '../../shared/runs/run-id.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';

export const CALLER = 'arn:aws:iam::111122223333:user/data';

export const jobs: JobIndex = {
  orders: {
    kind: 'sync',
    source: 'erp',
    dataset: 'ds_a',
    target: 'default',
    schedule: { cron: '30 4 * * *', timezone: 'Europe/Berlin', enabled: true },
  },
  customers: { kind: 'sync', source: 'erp', dataset: 'ds_b', target: 'default' },
};

/** The same, and an extraction. */
export const jobsWithExtraction: JobIndex = {
  ...jobs,
  nightly: {
    kind: 'extraction',
    sources: ['erp', 'hr'],
    schedule: { cron: '0 5 * * *', timezone: 'UTC', enabled: true },
  },
};

/** A record of a run that succeeded, unless `facts` say otherwise. */
export function runRecord(facts: Partial<RunRecord> = {}): RunRecord {
  const startedAt = facts.startedAt ?? '2026-11-20T04:30:00.000Z';
  return {
    schemaVersion: 1,
    id: newRunId(new Date(startedAt)),
    job: 'orders',
    kind: 'sync',
    state: 'succeeded',
    outcome: 'uploaded',
    trigger: 'schedule',
    scheduledTime: startedAt,
    startedAt,
    endedAt: startedAt,
    durationMs: 0,
    source: 'erp',
    dataset: 'ds_a',
    target: 'default',
    phases: [{ name: 'read', durationMs: 1 }],
    rows: 12,
    bytes: 345,
    warnings: [],
    configHash: 'x',
    ...facts,
  };
}

/** The same, of an extraction. */
export function extractionRecord(facts: Partial<RunRecord> = {}): RunRecord {
  const { source: _source, dataset: _dataset, target: _target, ...rest } = runRecord(facts);
  return {
    ...rest,
    job: 'nightly',
    kind: 'extraction',
    outcome: 'extracted',
    sources: ['erp', 'hr'],
    manifest: `s3://city-catalogs/nightly/${rest.id}/manifest.json`,
    ...facts,
  };
}

/** A record of a run that has begun. */
export function runningRecord(facts: Partial<RunRecord> = {}): RunRecord {
  const { outcome: _outcome, endedAt: _endedAt, durationMs: _durationMs, ...rest } = runRecord();
  const startedAt = facts.startedAt ?? rest.startedAt;
  return { ...rest, id: newRunId(new Date(startedAt)), startedAt, state: 'running', ...facts };
}

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at what came, whatever it is
  body: any;
}

export interface TestApi {
  documents: DocumentStore;
  runs: RunStore;
  started: RunRequest[];
  checked: CheckRequest[];
  logged: string[];
  /** Calls the API, and checks the answer against openapi.json. */
  call: (
    method: string,
    path: string,
    options?: { body?: unknown; headers?: Record<string, string> },
  ) => Promise<Answer>;
}

/** The API over a store in memory. */
export function startTestApi(
  options: {
    documents?: DocumentStore;
    index?: JobIndex;
    readJobs?: () => Promise<JobIndex>;
    start?: (request: RunRequest) => Promise<void>;
    /** What a check does besides being noted. */
    check?: ApiDependencies['check'];
  } & Pick<ApiDependencies, 'readLog' | 'readManifest' | 'now' | 'setup'> = {},
): TestApi {
  const documents = options.documents ?? createMemoryDocumentStore();
  const runs = createRunStore(documents);
  const started: RunRequest[] = [];
  const logged: string[] = [];
  const checked: CheckRequest[] = [];
  const api = createApi({
    documents,
    check: async (request) => {
      const answering = (await options.check?.(request)) ?? request.id;
      checked.push(request);
      return answering;
    },
    ...(options.now ? { now: options.now } : {}),
    ...(options.readLog ? { readLog: options.readLog } : {}),
    ...(options.setup ? { setup: options.setup } : {}),
    ...(options.readManifest ? { readManifest: options.readManifest } : {}),
    readJobs: options.readJobs ?? (async () => options.index ?? jobs),
    runs,
    requests: createRunRequestStore(documents),
    start: async (request) => {
      await options.start?.(request);
      started.push(request);
    },
    logger: createLogger({ level: 'info', destination: { write: (line) => logged.push(line) } }),
  });
  return {
    documents,
    runs,
    started,
    checked,
    logged,
    async call(method, path, { body, headers } = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const request = new Request(`https://ferry${path}`, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: text }),
      });
      const response = await api.fetch(request, { caller: CALLER });
      const answered = await response.text();
      const answer = {
        status: response.status,
        headers: response.headers,
        body: answered === '' ? undefined : JSON.parse(answered),
      };
      if (method !== 'HEAD') assertDocumented(method, new URL(request.url).pathname, answer);
      return answer;
    },
  };
}

const document = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8'));
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ $id: 'https://ferry/openapi.json', ...document });
const pointerPart = (part: string) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));

const validators = new Map<string, ValidateFunction>();
/** Compiled once: that takes a hundred times as long as what it is for. */
function validatorOf($ref: string): ValidateFunction {
  const known = validators.get($ref) ?? ajv.compile({ $ref });
  validators.set($ref, known);
  return known;
}

/** Fails for an answer that openapi.json does not announce, or whose body does not match its schema. */
function assertDocumented(method: string, path: string, { status, headers, body }: Answer): void {
  const type = headers.get('content-type') ?? 'none';
  const route = routes.find(
    (one) =>
      one.method === method.toLowerCase() &&
      methodsOf(path).length > 0 &&
      new RegExp(`^${one.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
  // Of what there is no route for, the document says nothing but what a problem is.
  const pointer = route
    ? ['paths', route.path, route.method, 'responses', String(status), 'content', type, 'schema']
    : ['components', 'schemas', 'Problem'];
  const validate = validatorOf(`https://ferry/openapi.json#/${pointer.map(pointerPart).join('/')}`);
  if (!validate(body))
    throw new Error(
      `${method} ${path} ${status}: ${JSON.stringify(validate.errors)} in ${JSON.stringify(body)}`,
    );
  if (status >= 400 && type !== 'application/problem+json') throw new Error(`${path}: ${status} as ${type}`);
}
