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

/** What kind of job has a name; undefined when none has it. No two have the same. */
export function kindOfJob(config: FerryConfig, job: string): JobKind | undefined {
  return (['sync', 'extraction'] as const).find((kind) => Object.hasOwn(jobsOfKind(config, kind), job));
}
