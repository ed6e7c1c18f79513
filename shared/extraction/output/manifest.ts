import * as z from 'zod';
import { openObject, schemaVersion } from '../../runs/documents/stored-document.ts';
import { entityFolders } from '../../source/catalog/entity-folders.ts';

const counts = z.record(z.string(), z.int().nonnegative());
const state = z.enum(['succeeded', 'partial']);

/** One file of a run, in the manifest. */
export const manifestFileSchema = openObject({
  /** In the bucket, or below the folder. */
  key: z.string(),
  form: z.enum(['raw', 'transformed']),
  type: z.enum(entityFolders),
  /** Absent, as is `database`, with `layout: sdk3`: the file has the rows of all of them. */
  source: z.string().optional(),
  database: z.string().optional(),
  rows: z.int().positive(),
  bytes: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ManifestFile = z.infer<typeof manifestFileSchema>;

const manifestDatabase = openObject({
  source: z.string(),
  /** Absent when its name is not known, because Ferry could not ask the source. */
  database: z.string().optional(),
  state: z.enum(['extracted', 'failed']),
  serverVersion: z.string().optional(),
  /** Number of entities by typeName. */
  entities: counts,
  error: openObject({ class: z.string(), message: z.string() }).optional(),
});
export type ManifestDatabase = z.infer<typeof manifestDatabase>;

/** `manifest.json`: what a run has written. It is written last, so a run without one is not complete. */
export const manifestSchema = openObject({
  schemaVersion,
  job: z.string(),
  workflowId: z.string(),
  runId: z.uuid(),
  layout: z.enum(['app', 'sdk', 'sdk3']),
  /** `partial`: `databases` lists what should have been read and failed; the files contain none of it. */
  state,
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  /** What should have been read. */
  scope: openObject({
    sources: z.array(z.string()),
    databases: z.union([z.literal('all'), z.array(z.string())]).optional(),
    include: z.record(z.string(), z.union([z.literal('*'), z.array(z.string())])),
    exclude: z.record(z.string(), z.union([z.literal('*'), z.array(z.string())])),
    tempTableRegex: z.string(),
  }),
  /** How Atlan knows the sources, except those whose secret could not be read. */
  connections: z.array(openObject({ source: z.string(), qualifiedName: z.string(), name: z.string() })),
  databases: z.array(manifestDatabase),
  /**
   * With `databases: all`, databases that the filters select and the login may not connect to: nothing is known of their
   * contents. Those that an entry of `include` names are in `databases`, as failed.
   */
  unread: z.array(openObject({ source: z.string(), database: z.string(), reason: z.string() })).optional(),
  /** Number of entities by typeName, in all databases. */
  entities: counts,
  files: z.array(manifestFileSchema),
  warnings: z.array(z.string()),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** `latest.json` in the folder of a workflow: the newest run with a manifest. */
export const latestSchema = openObject({
  schemaVersion,
  runId: z.uuid(),
  state,
  /** When the run began to read. Of two runs, the later one is newer. */
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  /** Key of its manifest. */
  manifest: z.string(),
});
export type Latest = z.infer<typeof latestSchema>;

/** `statistics.json.ignore` next to the files of a type, as Atlan's app writes it; not with `layout: sdk3`. */
export const statisticsSchema = z.strictObject({
  total_record_count: z.int().positive(),
  chunk_count: z.int().positive(),
  /** How many parts each chunk has; only for `layout: sdk`. */
  partitions: z.array(z.int().positive()).optional(),
});
export type Statistics = z.infer<typeof statisticsSchema>;

/** A document as it is written. */
export const toDocument = (value: Manifest | Latest) => `${JSON.stringify(value, null, 2)}\n`;
export const toStatisticsDocument = (value: Statistics) => `${JSON.stringify(value)}\n`;

/** Adds up counts by name. */
export function addCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const one of all)
    for (const [name, count] of Object.entries(one)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}
