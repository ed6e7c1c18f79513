import * as z from 'zod';
import type { DocumentStore } from '../documents/document-store.ts';
import { openObject, schemaVersion, toStoredText } from '../documents/stored-document.ts';
import { type RunRecord, runRecordSchema } from './run-record.ts';

/** How many runs of a job are remembered. */
export const RECENT_RUNS = 30;

const recentRunSchema = openObject({
  id: z.uuid(),
  state: runRecordSchema.shape.state,
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  rows: z.int().nonnegative().optional(),
  /** Class of the error that ended it, or that made it partial. */
  error: z.string().optional(),
});
/** What a picture of a job's past needs of a run. */
export type RecentRun = z.infer<typeof recentRunSchema>;

const recentRunsSchema = openObject({ schemaVersion, runs: z.array(recentRunSchema) });

const keyOf = (job: string) => `jobs/${job}/recent.json`;
// Another process may end a run of the same job at the same moment: the watchdog, or one that was suspended.
const MAX_TRIES = 3;

/**
 * The newest ended runs of a job in one small document, so that a list of all jobs can show them without reading each
 * record. It is a picture and no record: what is missing or damaged begins anew, and nothing is decided by it.
 */
export interface RecentRuns {
  /** Newest first. */
  readRecent(job: string): Promise<RecentRun[]>;
  /** Adds a run that has ended. Never throws: a run is not to fail for a picture. */
  noteRecent(record: RunRecord): Promise<void>;
}

/**
 * The pictures over any document store.
 *
 * @param listEarlier the newest records of a job, for a job that has no picture yet
 */
export function createRecentRuns(
  documents: Pick<DocumentStore, 'read' | 'replace'>,
  listEarlier: (job: string, limit: number) => Promise<RunRecord[]>,
): RecentRuns {
  return {
    readRecent: async (job) => parse((await documents.read(keyOf(job)))?.body) ?? [],
    async noteRecent(record) {
      const { job } = record;
      try {
        for (let tries = 0; tries < MAX_TRIES; tries += 1) {
          const seen = await documents.read(keyOf(job));
          const known = parse(seen?.body) ?? (await listEarlier(job, RECENT_RUNS)).map(summarize);
          const runs = newestFirst([summarize(record), ...known.filter(({ id }) => id !== record.id)]);
          const body = toStoredText({ schemaVersion: 1, runs });
          if ((await documents.replace(keyOf(job), body, seen?.version)) !== undefined) return;
        }
      } catch {
        // The next run of the job adds itself.
      }
    },
  };
}

/** A run as {@link RecentRun}. */
export function summarize({ id, state, startedAt, endedAt, rows, error }: RunRecord): RecentRun {
  return {
    id,
    state,
    startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(rows === undefined ? {} : { rows }),
    ...(error === undefined ? {} : { error: error.class }),
  };
}

/** The newest of these runs. */
export function newestFirst(runs: readonly RecentRun[]): RecentRun[] {
  // An id begins with its moment.
  return runs.toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, RECENT_RUNS);
}

function parse(text: string | undefined): RecentRun[] | undefined {
  if (text === undefined) return undefined;
  try {
    return recentRunsSchema.safeParse(JSON.parse(text)).data?.runs;
  } catch {
    return undefined;
  }
}
