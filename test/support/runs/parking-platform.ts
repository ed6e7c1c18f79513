import { tmpdir } from 'node:os';
import { QueuedError } from '../../../shared/errors.ts';
import type { DocumentStore } from '../../../shared/runs/documents/document-store.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import type { JobContext, RunOptions } from '../../../shared/runs/job.ts';
import { sourceOfFreeSlot } from '../../../shared/runs/leases/tickets.ts';
import type { RunRecord } from '../../../shared/runs/records/run-record.ts';
import { createRunRequestStore } from '../../../shared/runs/records/run-request-store.ts';
import { createRunStore, type RunStore } from '../../../shared/runs/records/run-store.ts';
import { runJob } from '../../../shared/runs/run-job.ts';
import type { StartEvent } from '../../../shared/runs/start-event.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { startWaiting } from '../../../shared/watchdog/queues/start-waiting.ts';
import type { WatchedJobs } from '../../../shared/watchdog/watched-jobs.ts';
import { unscheduled } from '../watchdog.ts';

/** A platform that starts functions without waiting for them, and charges for each millisecond of them. */
export interface ParkingPlatform {
  documents: DocumentStore;
  runs: RunStore;
  /** What was started again. */
  started: StartEvent[];
  /** How often the job's functions were invoked, and for how long together. */
  bill: { invocations: number; billedMs: number };
  /** Every run that has ended. */
  ended: RunRecord[];
  /** Invokes a job's function; the run's record, or undefined when it is parked. */
  invoke(event: StartEvent, options?: Partial<RunOptions>): Promise<RunRecord | undefined>;
  /** Called instead of a function that is started. */
  onStart?: (event: StartEvent) => Promise<void>;
  /** Starts what has its turn, as S3's event makes it. */
  startWaiting(source: string): Promise<number>;
}

/** @param work what each run does; every job reads the source `erp` */
export function parkingPlatform(options: {
  jobs: readonly string[];
  slots: number;
  work: (context: JobContext, job: string) => Promise<object>;
  /** Whether S3's events arrive. @default true */
  announces?: boolean;
  parks?: boolean;
}): ParkingPlatform {
  const { slots, work, announces = true, parks = true } = options;
  const memory = createMemoryDocumentStore(() => performance.now());
  const logger = createLogger({ level: 'silent' });
  const jobs: WatchedJobs = Object.fromEntries(options.jobs.map((job) => [job, unscheduled]));
  const documents: DocumentStore = {
    ...memory,
    async put(key, body) {
      await memory.put(key, body);
      const source = sourceOfFreeSlot(key);
      if (announces && source !== undefined) setImmediate(() => void platform.startWaiting(source));
    },
  };
  const runs = createRunStore(documents);
  const platform: ParkingPlatform = {
    documents,
    runs,
    started: [],
    ended: [],
    bill: { invocations: 0, billedMs: 0 },
    async invoke(event, changes = {}) {
      const { job } = event;
      const scheduled = 'scheduledTime' in event;
      const began = performance.now();
      platform.bill.invocations += 1;
      try {
        return await runJob(
          {
            name: job,
            kind: 'sync',
            source: 'erp',
            slots: { erp: slots },
            dataset: 'ds_a',
            target: 'default',
            config: {},
          },
          (context) => work(context, job),
          {
            trigger: scheduled
              ? { type: 'schedule', scheduledTime: event.scheduledTime }
              : { type: 'api', triggeredBy: event.triggeredBy },
            ...(scheduled ? {} : { runId: event.runId }),
            scope: 'Ferry',
            store: runs,
            workFolder: tmpdir(),
            logger,
            parks,
            onEnd: (record) => platform.ended.push(record),
            ...changes,
          },
        );
      } catch (error) {
        if (!(error instanceof QueuedError)) throw error;
        return undefined;
      } finally {
        platform.bill.billedMs += performance.now() - began;
      }
    },
    startWaiting: (source) =>
      startWaiting(source, {
        documents,
        runs,
        requests: createRunRequestStore(documents),
        scope: 'Ferry',
        logger,
        where: { jobs },
        start: async (event) => {
          platform.started.push(event);
          if (platform.onStart) await platform.onStart(event);
          else setImmediate(() => void platform.invoke(event));
        },
      }),
  };
  return platform;
}
