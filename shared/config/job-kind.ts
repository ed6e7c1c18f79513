import type { ExtractionConfig, FerryConfig, SyncConfig } from './schema/ferry-config.ts';

/** The kinds of jobs. */
export type JobKind = 'sync' | 'extraction';

/** The jobs of one kind, by name. */
export function jobsOfKind(
  { syncs, extractions }: FerryConfig,
  kind: JobKind,
): Readonly<Record<string, SyncConfig | ExtractionConfig>> {
  return kind === 'sync' ? syncs : extractions;
}

/** The kind of the job with this name; undefined without one. No two jobs have the same name. */
export function kindOfJob(config: FerryConfig, job: string): JobKind | undefined {
  return (['sync', 'extraction'] as const).find((kind) => Object.hasOwn(jobsOfKind(config, kind), job));
}
