import { ConfigError } from '../errors.ts';
import type { DocumentStore } from '../runs/documents/document-store.ts';
import { createWorkspace } from '../runs/workspace.ts';
import type { JobReading } from '../source/job-reading.ts';
import type { CheckResult } from './check-result.ts';
import { checkSource } from './check-source.ts';
import { checkState } from './check-state.ts';
import { checkTarget } from './check-target.ts';

/**
 * Tries everything that a run of one sync needs, from where its runs would be: state, source, Polyteia. Reads no row,
 * uploads nothing.
 *
 * @throws ConfigError when there is no such sync
 */
export async function checkJob(
  options: JobReading & {
    state: Pick<DocumentStore, 'put' | 'get'>;
    /** Where a private folder is created and removed. */
    workFolder: string;
    signal: AbortSignal;
  },
): Promise<CheckResult[]> {
  const { config, job, secrets, state, workFolder, ...session } = options;
  const sync = config.syncs[job];
  const source = sync && config.sources[sync.source];
  if (!sync || !source) throw new ConfigError(`There is no sync "${job}".`);
  await using workspace = await createWorkspace(workFolder);
  return [
    ...(await checkState(job, state)),
    ...(await checkSource({
      ...session,
      name: sync.source,
      source,
      syncs: { [job]: sync },
      secrets,
      folder: workspace.folder,
    })),
    ...(await checkTarget(sync, { config, secrets, signal: options.signal })),
  ];
}
