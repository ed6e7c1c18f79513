import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { openOutputStore } from '../../../shared/extraction/output/open-output-store.ts';
import type { DocumentStore } from '../../../shared/runs/documents/document-store.ts';
import type { ProgressEvent } from '../../../shared/runs/job.ts';
import type { LeaseTimes } from '../../../shared/runs/leases/lease.ts';
import { serve } from '../../../shared/serve/serve.ts';
import type { ServeOptions } from '../../../shared/serve/serve-options.ts';
import { createLocalSecretReader } from '../../../shared/source/credentials/secrets.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { waitFor } from '../processes/wait-for.ts';

/** What a replica is started with. */
export interface ServeSetup extends Partial<Omit<ServeOptions, 'config' | 'secrets' | 'documents'>> {
  /** A ferry.yaml as an object. */
  config: object;
  secrets: Record<string, unknown>;
  documents: DocumentStore;
  workFolder: string;
}

/** A replica of `ferry serve` in this process. */
export interface Replica extends AsyncDisposable {
  health: string;
  api: string;
  /** What it logged: JSON lines. */
  log(): string;
  /** Waits until its log matches. */
  logged(pattern: RegExp): Promise<RegExpExecArray>;
  /** As SIGTERM does; resolves when it has ended. */
  stop(): Promise<void>;
}

/** Leases that expire soon, so that a test need not wait long for it, and yet not while a busy machine stands still. */
export const FAST_LEASES: LeaseTimes = { heartbeatMs: 500, expiryMs: 5_000 };

/** Starts a replica on free ports. Runs are handed over at once when it is stopped, unless `graceMs` says otherwise. */
export async function startServe(setup: ServeSetup): Promise<Replica> {
  const { config, secrets, documents, ...changes } = setup;
  const end = new AbortController();
  let log = '';
  const listening = Promise.withResolvers<{ health: string; api: string }>();
  const running = serve({
    config: parseConfig(JSON.stringify(config), 'ferry.yaml', 'process'),
    secrets: createLocalSecretReader({
      values: new Map(
        Object.entries(secrets).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : JSON.stringify(value),
        ]),
      ),
      environment: {},
    }),
    documents,
    openOutput: (output) =>
      openOutputStore({
        output,
        own: { folder: setup.workFolder },
        client: () => {
          throw new Error('This test writes to folders only.');
        },
      }),
    extensionFolders: [PROJECT_EXTENSIONS],
    memoryLimitBytes: 512_000_000,
    threads: 1,
    name: 'test',
    maxRuns: 2,
    catchUpMs: 3_600_000,
    graceMs: 0,
    lookMs: 200,
    timeoutMs: 600_000,
    healthPort: 0,
    api: { host: '127.0.0.1', port: 0, access: { type: 'none' } },
    exitOnFailedCheck: false,
    leaseTimes: FAST_LEASES,
    logger: createLogger({
      level: 'debug',
      destination: {
        write: (line) => {
          log += line;
        },
      },
    }),
    ...changes,
    signal: end.signal,
    onListening: ({ health, api }) =>
      listening.resolve({ health: health.url.replace('0.0.0.0', '127.0.0.1'), api: api?.url ?? '' }),
  });
  running.catch((error: unknown) => listening.reject(error));
  const { health, api } = await listening.promise;
  const stop = async () => {
    end.abort();
    await running;
  };
  return {
    health,
    api,
    log: () => log,
    logged: (pattern) =>
      waitFor(
        () => `${pattern} in the log; so far: ${log}`,
        () => pattern.exec(log) ?? undefined,
        30_000,
      ),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The moments of a run, as sync-process.ts names them: `started export`. */
export function momentOf(event: ProgressEvent): string | undefined {
  if (event.type === 'phase-started') return `started ${event.phase}`;
  if (event.type === 'phase-progressed') return `moved ${event.phase}`;
  if (event.type === 'phase-ended') return `ended ${event.phase}`;
  return undefined;
}
