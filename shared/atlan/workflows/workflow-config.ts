import * as z from 'zod';
import type { DocumentStore } from '../../runs/documents/document-store.ts';
import {
  openObject,
  readDocument,
  SCHEMA_VERSION,
  schemaVersion,
  toStoredText,
} from '../../runs/documents/stored-document.ts';

const documentSchema = openObject({
  schemaVersion,
  workflowId: z.string(),
  /** As the caller sent them: they are answered as they came. */
  connection: z.record(z.string(), z.unknown()),
  metadata: z.record(z.string(), z.unknown()),
  credentialGuid: z.string(),
  /** The source of the configuration whose name that is; absent where a caller sent credentials, which nobody stores. */
  source: z.string().optional(),
  outputPrefix: z.string(),
  applicationName: z.string(),
  expiresAt: z.iso.datetime(),
});

/** A workflow that a caller of the API has defined. Contains no secret. */
export type WorkflowConfig = Omit<z.infer<typeof documentSchema>, 'schemaVersion' | 'expiresAt'>;

/** The workflows that callers have defined, until they expire. */
export interface WorkflowConfigs {
  /** @returns undefined when there is none, or it has expired */
  find(workflowId: string): Promise<WorkflowConfig | undefined>;
  /** Stores it, and keeps it for as long again. */
  save(config: WorkflowConfig): Promise<void>;
  /** The ids of all. */
  list(): Promise<{ current: string[]; expired: string[] }>;
  remove(workflowId: string): Promise<void>;
}

const FOLDER = 'workflows/';
const keyOf = (workflowId: string) => `${FOLDER}${workflowId}.json`;
const MAX_WORKFLOWS = 10_000;
const DAY_MS = 86_400_000;

/** Workflows over any document store. @param options.days how long one is kept after it was last stored */
export function createWorkflowConfigs(
  documents: DocumentStore,
  { days, now = Date.now }: { days: number; now?: () => number },
): WorkflowConfigs {
  const read = async (key: string) => {
    const text = await documents.get(key);
    if (text === undefined) return undefined;
    const note = {
      what: 'The definition of a workflow',
      at: documents.address(key),
      remedy: 'Remove it, and start the workflow again with its connection, metadata and credentials.',
    };
    const { expiresAt, schemaVersion: _version, ...config } = readDocument(documentSchema, text, note);
    return Date.parse(expiresAt) > now() ? config : undefined;
  };
  return {
    find: (workflowId) => read(keyOf(workflowId)),
    async save(config) {
      const expiresAt = new Date(now() + days * DAY_MS).toISOString();
      await documents.put(
        keyOf(config.workflowId),
        toStoredText({ ...config, schemaVersion: SCHEMA_VERSION, expiresAt }),
      );
    },
    async list() {
      // By age, so that one listing is enough for all.
      const listed = await documents.listWithAges(FOLDER, MAX_WORKFLOWS);
      const idsOf = (keys: typeof listed) => keys.map(({ key }) => key.slice(FOLDER.length, -'.json'.length));
      const [expired = [], current = []] = [true, false].map((wanted) =>
        listed.filter(({ ageMs }) => ageMs > days * DAY_MS === wanted),
      );
      return { current: idsOf(current), expired: idsOf(expired) };
    },
    remove: (workflowId) => documents.remove(keyOf(workflowId)),
  };
}
