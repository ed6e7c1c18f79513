import * as z from 'zod';
import { mapInBatches } from '../../batches.ts';
import { StateError } from '../../errors.ts';
import type { DocumentStore } from '../../runs/documents/document-store.ts';
import { openObject, readDocument, schemaVersion } from '../../runs/documents/stored-document.ts';
import { problemKinds } from '../problems.ts';

/**
 * A problem of a job as it was reported: `alerts/{stack}/{job}.{kind}.json`, because two stacks may share a bucket.
 * `telling`: its writer is about to send, or died; `told`: it was sent, and lasts; `closed`: it is over, and everything
 * about it was sent.
 */
export const incidentSchema = openObject({
  schemaVersion,
  job: z.string(),
  source: z.string(),
  kind: z.enum([...problemKinds, 'dead-letter']),
  class: z.string(),
  subject: z.string(),
  since: z.iso.datetime(),
  measured: openObject({ value: z.number(), limit: z.number() }).optional(),
  state: z.enum(['telling', 'told', 'closed']),
  /** What is reported. */
  about: z.enum(['problem', 'recovery']),
  /** Moment of the recovery. */
  recoveredAt: z.iso.datetime().optional(),
  /** Channels that already have it. */
  sentTo: z.array(z.string()),
});
export type Incident = z.infer<typeof incidentSchema>;

/** An incident as it was read. The version lets only one of two watchdogs change it. */
export interface SeenIncident {
  incident: Incident;
  version: string;
  ageMs: number;
}

const MAX_INCIDENTS = 5_000;

/** Where the incidents of a stack are stored. The scope of a Ferry construct next to others contains a slash. */
const folderOf = (scope: string) => `alerts/${encodeURIComponent(scope)}/`;

/** The name of an incident among those of its stack. */
export function incidentName({ job, kind, subject }: Pick<Incident, 'job' | 'kind' | 'subject'>): string {
  // Each lost start is a separate incident; of every other kind there is only one at a time.
  return `${job}.${kind}${kind === 'dead-letter' ? `-${subject.replaceAll(/[^\w-]/g, '')}` : ''}.json`;
}

/**
 * Stored incidents by name, and why others cannot be read. Nothing is reported about those until somebody has repaired
 * them.
 */
export interface KeptIncidents {
  seen: Map<string, SeenIncident>;
  unreadable: StateError[];
}

/** All stored incidents of a stack: one listing, and one read for each. */
export async function readIncidents(documents: DocumentStore, scope: string): Promise<KeptIncidents> {
  const folder = folderOf(scope);
  const listed = await documents.listWithAges(folder, MAX_INCIDENTS);
  const kept: KeptIncidents = { seen: new Map(), unreadable: [] };
  await mapInBatches(listed, async ({ key }) => {
    const document = await documents.read(key);
    if (!document) return;
    const { version, ageMs } = document;
    const name = key.slice(folder.length);
    try {
      const incident = readDocument(incidentSchema, document.body, {
        what: `The record of notifications about ${name}`,
        at: documents.address(key),
        remedy: 'Remove it: if the problem persists, it is reported again.',
      });
      kept.seen.set(name, { incident, version, ageMs });
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      kept.unreadable.push(error);
    }
  });
  return kept;
}

/** Whether this watchdog made the change; another one may have seen the same and been faster. */
export async function writeIncident(
  documents: DocumentStore,
  scope: string,
  incident: Incident,
  seen: string | undefined,
): Promise<string | undefined> {
  const key = `${folderOf(scope)}${incidentName(incident)}`;
  return documents.replace(key, JSON.stringify(incidentSchema.parse(incident)), seen);
}

/** Deletes an incident that is over. */
export async function removeIncident(documents: DocumentStore, scope: string, name: string): Promise<void> {
  await documents.remove(`${folderOf(scope)}${name}`);
}

/** An incident that only this watchdog may report, at the version that it wrote. */
export interface ClaimedIncident {
  incident: Incident;
  version: string;
}
