import * as z from 'zod';
import type { DocumentStore } from '../documents/document-store.ts';
import { inspectDocument, openObject, SCHEMA_VERSION, schemaVersion } from '../documents/stored-document.ts';

const runTraceSchema = openObject({
  runId: z.string(),
  /** W3C `traceparent` of the request that started the run. */
  traceparent: z.string().optional(),
  /** The span of its latest attempt. */
  traceId: z.string().optional(),
  spanId: z.string().optional(),
});
/** Where a run is in traces: what it belongs to, and what a later attempt links to. */
export type RunTrace = z.infer<typeof runTraceSchema>;

/** The traces of the newest runs of a job. */
export interface RunTraces {
  /** Newest first. Empty when they cannot be read: no run fails for its telemetry. */
  readTraces(job: string): Promise<RunTrace[]>;
  /** Adds what is known about a run to what has been noted of it. Never rejects. */
  noteTrace(job: string, trace: RunTrace): Promise<void>;
}

const tracesSchema = openObject({ schemaVersion, runs: z.array(runTraceSchema) });
// Of a job, one run works and few wait.
const MOST_RUNS = 10;
// Each try that fails has seen somebody else succeed.
const TRIES = 3;

/** Beside the job's lease, with its permissions. */
const tracesKeyOf = (job: string) => `leases/${job}.traces.json`;

/**
 * Traces of runs over any document store. They have a document of their own, because the release before knows none of
 * this: it refuses an event or a record with a field that it does not know, and it never looks here.
 */
export function createRunTraces(documents: DocumentStore): RunTraces {
  return {
    async readTraces(job) {
      try {
        return tracesIn((await documents.read(tracesKeyOf(job)))?.body) ?? [];
      } catch {
        return [];
      }
    },
    async noteTrace(job, trace) {
      const key = tracesKeyOf(job);
      try {
        for (let tries = 0; tries < TRIES; tries += 1) {
          const found = await documents.read(key);
          const runs = tracesIn(found?.body);
          if (!runs) return;
          const earlier = runs.find(({ runId }) => runId === trace.runId);
          const others = runs.filter((one) => one !== earlier);
          const noted = [{ ...earlier, ...trace }, ...others].slice(0, MOST_RUNS);
          const text = JSON.stringify({ schemaVersion: SCHEMA_VERSION, runs: noted });
          if ((await documents.replace(key, text, found?.version)) !== undefined) return;
        }
      } catch {
        // The run begins a trace, or lacks a link.
      }
    },
  };
}

/** Undefined for a document of a later release, which is left as it is. A damaged one is worth nothing. */
function tracesIn(text: string | undefined): RunTrace[] | undefined {
  if (text === undefined) return [];
  const read = inspectDocument(tracesSchema, text);
  if ('document' in read) return read.document.runs;
  return read.fault === 'later' ? undefined : [];
}
