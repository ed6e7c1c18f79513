import * as z from 'zod';
import type { DocumentStore } from '../runs/documents/document-store.ts';
import { openObject, readDocument, schemaVersion } from '../runs/documents/stored-document.ts';
import type { WatchedJobs } from './watched-jobs.ts';

/** Since when each schedule has been deployed in its present form: earlier planned times never belonged to it. */
export const scheduleMemorySchema = openObject({
  schemaVersion,
  jobs: z.record(z.string(), openObject({ schedule: z.string(), since: z.iso.datetime() })),
});
export type ScheduleMemory = z.infer<typeof scheduleMemorySchema>;

export const emptyScheduleMemory: ScheduleMemory = { schemaVersion: 1, jobs: {} };

/** One for each stack: two may share a bucket, and each knows only its own schedules. */
export const scheduleMemoryKey = (scope: string) => `watchdog/${encodeURIComponent(scope)}.schedules.json`;

/**
 * Reads what is noted of a stack's schedules, and which version of the document that is.
 *
 * @throws StateError when it is there and cannot be read
 */
export async function readScheduleMemory(
  documents: Pick<DocumentStore, 'read' | 'address'>,
  scope: string,
): Promise<{ memory: ScheduleMemory; version: string | undefined }> {
  const key = scheduleMemoryKey(scope);
  const document = await documents.read(key);
  if (document === undefined) return { memory: emptyScheduleMemory, version: undefined };
  const memory = readDocument(scheduleMemorySchema, document.body, {
    what: 'The record of when each schedule was deployed',
    at: documents.address(key),
    remedy: 'Remove it: schedules are then watched from that moment.',
  });
  return { memory, version: document.version };
}

/** Since when the schedules are known that are the same now as when they were noted, by job. */
export function unchangedSince(memory: ScheduleMemory, jobs: WatchedJobs): Map<string, Date> {
  return new Map(
    Object.entries(jobs).flatMap(([job, { schedule }]) => {
      const known = Object.hasOwn(memory.jobs, job) ? memory.jobs[job] : undefined;
      const same = known !== undefined && known.schedule === JSON.stringify(schedule);
      return same ? [[job, new Date(known.since)] as const] : [];
    }),
  );
}

/**
 * Records schedules that are new, changed, or switched on again, with the moment when they were first seen: at most one
 * round after the deployment. A template that contained its own deployment time would differ each time.
 */
export function rememberSchedules(memory: ScheduleMemory, jobs: WatchedJobs, now: Date): ScheduleMemory {
  const entries = Object.entries(jobs).flatMap(([job, { schedule }]) => {
    if (!schedule) return [];
    const text = JSON.stringify(schedule);
    const known = Object.hasOwn(memory.jobs, job) ? memory.jobs[job] : undefined;
    // One from the future was noted by a wrong clock: until then, nobody would hear of a start that does not come.
    const isValid = known?.schedule === text && Date.parse(known.since) <= now.getTime();
    return [[job, isValid ? known : { schedule: text, since: now.toISOString() }] as const];
  });
  return { ...memory, jobs: Object.fromEntries(entries) };
}
