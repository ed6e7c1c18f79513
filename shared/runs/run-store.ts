import type { DocumentStore } from './document-store.ts';
import { timeOfRunId } from './run-id.ts';
import { type RunRecord, runRecordSchema } from './run-record.ts';

/** Keeps run records, newest first. */
export interface RunStore {
  /** Writes the record, replacing an earlier version of it. */
  save(record: RunRecord): Promise<void>;
  /** The newest runs, of one job or of all. */
  list(options: { job?: string; limit: number }): Promise<RunRecord[]>;
}

// Keys sort ascending everywhere (S3 lists no other way): the time is inverted so that the newest comes first.
const LAST_MILLISECOND = 2 ** 48 - 1;
const keyOf = (id: string) => {
  const inverted = (LAST_MILLISECOND - timeOfRunId(id).getTime()).toString(16).padStart(12, '0');
  return `${inverted}-${id}.json`;
};

/** A run store over any document store; the layout is that of design.md, “State in one S3 bucket”. */
export function createRunStore(documents: DocumentStore): RunStore {
  return {
    async save(record) {
      const body = JSON.stringify(runRecordSchema.parse(record));
      const key = keyOf(record.id);
      await documents.put(`runs/${key}`, body);
      await documents.put(`jobs/${record.job}/runs/${key}`, body);
    },
    async list({ job, limit }) {
      const keys = await documents.list(job === undefined ? 'runs/' : `jobs/${job}/runs/`, limit);
      const texts = await Promise.all(keys.map((key) => documents.get(key)));
      return texts.flatMap((text) => parseRecord(text) ?? []);
    },
  };
}

/** One damaged document must not hide all others: it is passed over. */
function parseRecord(text: string | undefined): RunRecord | undefined {
  if (text === undefined) return undefined;
  try {
    return runRecordSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
