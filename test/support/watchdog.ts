import type { DocumentStore } from '../../shared/runs/documents/document-store.ts';
import { createMemoryDocumentStore } from '../../shared/runs/documents/memory-document-store.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';
import { createRunRequestStore } from '../../shared/runs/records/run-request-store.ts';
import { createRunStore, type RunStore } from '../../shared/runs/records/run-store.ts';
import { newRunId, scheduledRunId } from '../../shared/runs/run-id.ts';
import type { StartEvent } from '../../shared/runs/start-event.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import type { AlertMessage, Channel } from '../../shared/watchdog/alerts/channel.ts';
import type { DeadLetter } from '../../shared/watchdog/repairs/dead-letter.ts';
import { runRound } from '../../shared/watchdog/watchdog.ts';
import type { WatchdogDependencies } from '../../shared/watchdog/watchdog-dependencies.ts';
import type { WatchedJob, WatchedJobs } from '../../shared/watchdog/watched-jobs.ts';
import { runningRecord, runRecord } from './api.ts';

export const MINUTE = 60_000;
export const SCOPE = 'Ferry';
export const nightly: WatchedJob = {
  kind: 'sync',
  source: 'erp',
  function: 0,
  timeoutMs: 15 * MINUTE,
  schedule: { cron: '30 4 * * *', timezone: 'Europe/Berlin', windowMs: 0, enabled: true },
};
export const unscheduled: WatchedJob = { kind: 'sync', source: 'erp', function: 0, timeoutMs: 15 * MINUTE };

export interface WatchdogWorld {
  documents: DocumentStore;
  runs: RunStore;
  /** How often each method of the store was called. */
  calls: Map<string, number>;
  sent: AlertMessage[];
  started: StartEvent[];
  letters: DeadLetter[];
  jobs: WatchedJobs;
  /** Lets the channel fail, or whatever else is changed for the rounds that follow. */
  channels: Channel[];
  now: () => Date;
  /** Sets the clock. */
  at: (time: string | Date) => void;
  wait: (ms: number) => void;
  round: (changes?: Partial<WatchdogDependencies>) => ReturnType<typeof runRound>;
  /** Stores the record of a run that has ended, and that began now by default. */
  ended: (facts: Partial<RunRecord>) => Promise<RunRecord>;
  /** Keeps the record of a run that is under way, and holds the lease. */
  running: (facts: Partial<RunRecord>) => Promise<RunRecord>;
  subjects: () => string[];
}

/** A deployment without AWS, whose clock stands still until it is set. */
export function watchdogWorld(jobs: WatchedJobs, start = '2026-11-20T12:00:00.000Z'): WatchdogWorld {
  let time = Date.parse(start);
  const calls = new Map<string, number>();
  const memory = createMemoryDocumentStore(() => time);
  const documents = new Proxy(memory, {
    get(target, name: keyof DocumentStore) {
      // It asks nobody.
      if (name !== 'address') calls.set(name, (calls.get(name) ?? 0) + 1);
      return target[name];
    },
  });
  const runs = createRunStore(documents);
  const sent: AlertMessage[] = [];
  const started: StartEvent[] = [];
  const letters: DeadLetter[] = [];
  const now = () => new Date(time);
  const topic: Channel = {
    name: 'topic',
    send: async (message) => {
      sent.push(message);
    },
  };
  const identify = ({ job = 'orders', scheduledTime, id }: Partial<RunRecord>) =>
    id ?? (scheduledTime === undefined ? newRunId(now()) : scheduledRunId(SCOPE, job, scheduledTime));
  const world: WatchdogWorld = {
    documents,
    runs,
    calls,
    sent,
    started,
    letters,
    jobs,
    channels: [topic],
    now,
    at: (moment) => {
      time = new Date(moment).getTime();
    },
    wait: (ms) => {
      time += ms;
    },
    round: (changes = {}) => {
      const visible = letters.map((letter) => ({ ...letter, receipt: letter.id }));
      return runRound({
        documents,
        runs,
        requests: createRunRequestStore(documents),
        channels: world.channels,
        deadLetters: {
          receive: async () => visible.splice(0, 10),
          remove: async (receipt) => {
            const index = letters.findIndex(({ id }) => id === receipt);
            if (index >= 0) letters.splice(index, 1);
          },
        },
        start: async (event) => {
          started.push(event);
        },
        where: {
          stack: 'ferry-prod',
          jobs: world.jobs,
          apiUrl: 'https://api.example.org/v1/',
          logsUrl: (job) => `https://console.example.org/${job}`,
        },
        scope: SCOPE,
        logger: createLogger({ level: 'silent' }),
        now,
        ...changes,
      });
    },
    ended: async (facts) => {
      const startedAt = facts.startedAt ?? now().toISOString();
      const record = runRecord({ startedAt, endedAt: startedAt, ...facts, id: identify(facts) });
      await runs.save(record);
      return record;
    },
    running: async (facts) => {
      const startedAt = facts.startedAt ?? now().toISOString();
      const record = runningRecord({ attempts: [{ startedAt }], ...facts, startedAt, id: identify(facts) });
      await runs.save(record);
      const times = { heartbeatMs: 10_000, expiryMs: 45_000 };
      await runs.acquireLease({ job: record.job, runId: record.id, times, sleep: async () => {} });
      return record;
    },
    subjects: () => sent.map(({ subject }) => subject),
  };
  return world;
}
