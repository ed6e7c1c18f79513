import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import { expect } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { type FerryError, toFerryError } from '../../../shared/errors.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import type { ProgressEvent } from '../../../shared/runs/job.ts';
import type { LeaseTimes } from '../../../shared/runs/leases/lease.ts';
import type { RunRecord } from '../../../shared/runs/records/run-record.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import type { Clock } from '../../../shared/sleep.ts';
import { createLocalSecretReader } from '../../../shared/source/credentials/secrets.ts';
import { runSync } from '../../../shared/sync/run-sync.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { startPolyteiaStandIn } from '../polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn, PolyteiaStandInOptions } from '../polyteia/stand-in/types.ts';
import { withoutLoginWarning } from '../source/login-warning.ts';
import { type SourceAddress, sourceConfig } from '../source/source-config.ts';
import { failingStore, type StoreCall, type StoreFault } from './fault-store.ts';

export const DATASET = 'ds_meldungen1';
/** A value of the source that may be repeated nowhere. */
export const CANARY = 'Geheimnis-4711';
/** How often something that may pass on its own is tried, unless a case says otherwise. */
export const TRIES = 3;

/** One run that something goes wrong with. */
export interface FaultRun {
  source: SourceAddress & { user: string; password: string };
  query: string;
  /** What the dataset holds before. */
  before: Uint8Array;
  /** What it must hold when it was replaced: the file of an undisturbed run of the same query. */
  replacement: Uint8Array;
  /** Fields of the sync. */
  sync?: Record<string, unknown>;
  /** Fields of the Polyteia target. */
  target?: Record<string, unknown>;
  standIn?: Pick<PolyteiaStandInOptions, 'api' | 'tokenLifetimeMs' | 'sessionLifetimeMs'>;
  plan?: (standIn: PolyteiaStandIn) => void;
  store?: readonly StoreFault[];
  /** Documents that the store has before the run, by their keys. */
  kept?: Readonly<Record<string, string>>;
  leaseTimes?: LeaseTimes;
  /** How long Polyteia is waited for, in ms. @default as Ferry has it */
  patienceMs?: number;
  maxTries?: number;
  /** What happens while the run waits before another try, or another question. */
  meanwhile?: () => Promise<void>;
  signal?: AbortSignal;
  onProgress?: (event: ProgressEvent, standIn: PolyteiaStandIn) => void;
}

/** What came of it, as everybody around the run has seen it. */
export interface FaultOutcome {
  /** Absent when the run could not even begin. Without the warning about the test server's login. */
  record: RunRecord | undefined;
  /** What the store has of it. */
  saved: RunRecord | undefined;
  error: Pick<FerryError, 'class' | 'message'> | undefined;
  /** The calls that Polyteia got, in their order. */
  calls: string[];
  /** The calls that the store got, in their order. */
  storeCalls: StoreCall[];
  /** How long was waited between the tries, and in which phase. */
  retries: { phase: string | undefined; waitMs: number }[];
  /** Each phase, as often as it was begun. */
  phases: string[];
  dataset: 'unchanged' | 'replaced' | 'something else';
  /** How often the dataset was replaced. */
  uploads: number;
  /** The dataset's file. */
  content: Buffer;
}

/**
 * The real time, and what was slept on top of it: nobody waits.
 *
 * @param meanwhile @default a turn of the loop, so that a run that asks forever leaves others their time
 */
function impatientClock(meanwhile: () => Promise<void> = () => new Promise(setImmediate)): Clock {
  let slept = 0;
  return {
    now: () => Date.now() + slept,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept += ms;
      await meanwhile();
    },
  };
}

/** Whatever went wrong: nothing is left in the work folder, nothing secret is shown, Polyteia's contract is kept. */
async function assertCleanAndSilent(
  workFolder: string,
  written: string,
  secrets: readonly string[],
  standIn: PolyteiaStandIn,
): Promise<void> {
  expect(await readdir(workFolder).catch(() => [])).toEqual([]);
  for (const secret of secrets) expect(written).not.toContain(secret);
  expect(written).not.toMatch(
    new RegExp(`${CANARY}|\\b(ut|ses)_[\\w-]{20}|postgres(ql)?://|\\bat .*\\.ts:\\d+`),
  );
  standIn.assertNoViolations();
}

function nameContent(content: Buffer, { before, replacement }: FaultRun): FaultOutcome['dataset'] {
  if (content.equals(before)) return 'unchanged';
  return content.equals(replacement) ? 'replaced' : 'something else';
}

/** A record without what every run of these tests is warned of. */
const aboutFault = (record: RunRecord): RunRecord => ({
  ...record,
  warnings: withoutLoginWarning(record.warnings),
});

/** Runs a sync in this process, and looks at all that it has touched. */
export async function runWithFault(options: FaultRun): Promise<FaultOutcome> {
  const { source, maxTries = TRIES, patienceMs } = options;
  await using standIn = await startPolyteiaStandIn({
    ...options.standIn,
    datasets: [{ id: DATASET, content: options.before }],
  });
  const session = options.standIn?.api === 'session' ? { organization: standIn.organization.slug } : {};
  const config = parseConfig(
    JSON.stringify({
      version: 1,
      sources: { erp: sourceConfig(source, 'erp') },
      polyteia: { default: { token: 'polyteia', baseUrl: standIn.baseUrl, ...session, ...options.target } },
      syncs: { orders: { source: 'erp', query: options.query, dataset: DATASET, ...options.sync } },
    }),
    'ferry.yaml',
  );
  const values = new Map([
    ['erp', JSON.stringify({ username: source.user, password: source.password })],
    ['polyteia', standIn.personalAccessKey],
  ]);
  const documents = createMemoryDocumentStore();
  for (const [key, text] of Object.entries(options.kept ?? {})) await documents.put(key, text);
  const storeCalls: StoreCall[] = [];
  const workFolder = await mkdtemp(join(tmpdir(), 'ferry faults ü '));
  let log = '';
  const retries: FaultOutcome['retries'] = [];
  const phases: string[] = [];
  const dispatcher =
    patienceMs === undefined ? undefined : new Agent({ headersTimeout: patienceMs, bodyTimeout: patienceMs });
  const runId = newRunId();
  options.plan?.(standIn);
  let ended: RunRecord | FerryError;
  try {
    ended = await runSync({
      config,
      job: 'orders',
      runId,
      trigger: { type: 'cli', triggeredBy: 'test' },
      scope: 'test',
      store: createRunStore(failingStore(documents, options.store ?? [], storeCalls)),
      secrets: createLocalSecretReader({ values, environment: {} }),
      extensionFolders: [PROJECT_EXTENSIONS],
      workFolder,
      memoryLimitBytes: 256_000_000,
      threads: 1,
      logger: createLogger({
        level: 'debug',
        destination: {
          write: (line) => {
            log += line;
          },
        },
      }),
      maxTries,
      clock: impatientClock(options.meanwhile),
      onProgress(event) {
        if (event.type === 'phase-started') phases.push(event.phase);
        if (event.type === 'retrying') retries.push({ phase: event.phase, waitMs: event.waitMs });
        options.onProgress?.(event, standIn);
      },
      ...(dispatcher ? { dispatcher } : {}),
      ...(options.leaseTimes ? { leaseTimes: options.leaseTimes } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    }).catch(toFerryError);
  } finally {
    // The run closes it too; one that failed to connect has open sockets left.
    await dispatcher?.destroy();
  }
  const keys = await documents.list('', 1_000);
  const stored = await Promise.all(keys.map((key) => documents.get(key)));
  const written = [log, ...stored, JSON.stringify(ended)].join('\n');
  const { content: held, uploads = 0 } = standIn.datasets.get(DATASET) ?? {};
  const content = await readFile(held?.file ?? '');
  await assertCleanAndSilent(workFolder, written, [source.password, standIn.personalAccessKey], standIn);
  await rm(workFolder, { recursive: true, force: true });
  const record = ended instanceof Error ? undefined : aboutFault(ended);
  const saved = await createRunStore(documents).getOfJob('orders', runId);
  return {
    record,
    saved: saved && aboutFault(saved),
    error: ended instanceof Error ? ended : ended.error,
    calls: standIn.calls.map(({ on }) => on),
    storeCalls,
    retries,
    phases,
    dataset: nameContent(content, options),
    uploads,
    content,
  };
}

/** The file that an undisturbed run of a query uploads: of the same rows it is the same, byte for byte. */
export async function undisturbedFile(run: Pick<FaultRun, 'source' | 'query'>): Promise<Buffer> {
  const nothing = new Uint8Array();
  const { record, content } = await runWithFault({ ...run, before: nothing, replacement: nothing });
  expect(record).toMatchObject({ state: 'succeeded', warnings: [] });
  return content;
}
