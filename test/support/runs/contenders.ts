// Many runs of one source in one process, to be killed in the middle: node contenders.ts '<json>'
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DocumentStore } from '../../../shared/runs/documents/document-store.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import type { LeaseTimes } from '../../../shared/runs/leases/lease.ts';
import type { RunRecord } from '../../../shared/runs/records/run-record.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { runJob } from '../../../shared/runs/run-job.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

/** Runs that are due at the same moment. */
export interface Contention {
  /** Numbers of the jobs: each runs once. */
  jobs: readonly number[];
  slots: number;
  scheduledTime: string;
  /** Where those who work show themselves. */
  folder: string;
  workMs: number;
  leaseTimes: LeaseTimes;
}

/** What {@link process.argv} carries. */
export type ContendersInput = Contention & { stateFolder: string };

/** One line for each time that work began: how many worked then, this one among them. */
export interface Beginning {
  count: number;
  runId: string;
}

/** In the order in which they began. */
export async function readBeginnings(folder: string): Promise<Beginning[]> {
  const text = await readFile(join(folder, 'began'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Beginning);
}

/** Runs them all; the work counts who else works, after it has shown itself, so that the last of too many sees them all. */
export async function contend(store: DocumentStore, contention: Contention): Promise<RunRecord[]> {
  const { jobs, slots, scheduledTime, folder, workMs, leaseTimes } = contention;
  const working = join(folder, 'working');
  await mkdir(working, { recursive: true });
  const runs = createRunStore(store);
  return Promise.all(
    jobs.map((n) =>
      runJob(
        {
          name: `job-${n}`,
          kind: 'sync',
          source: 'erp',
          slots: { erp: slots },
          dataset: 'ds_a',
          target: 'default',
          config: {},
        },
        async ({ runId, confirmLease }) => {
          const own = join(working, `${runId} ${process.pid}`);
          await writeFile(own, '');
          const count = (await readdir(working)).length;
          await appendFile(
            join(folder, 'began'),
            `${JSON.stringify({ count, runId } satisfies Beginning)}\n`,
          );
          await sleep(workMs);
          await confirmLease();
          await rm(own);
          return {};
        },
        {
          trigger: { type: 'schedule', scheduledTime },
          scope: 'test',
          store: runs,
          workFolder: join(folder, 'work'),
          logger: createLogger({ level: 'silent' }),
          leaseTimes,
        },
      ),
    ),
  );
}

if (import.meta.main) {
  const { stateFolder, ...contention } = JSON.parse(process.argv[2] ?? '') as ContendersInput;
  const records = await contend(createFolderDocumentStore(stateFolder), contention);
  process.stdout.write(`${JSON.stringify(records.map(({ state }) => state))}\n`);
  process.exit(0);
}
