import { ConfigError } from '../errors.ts';
import type { DocumentStore } from '../runs/documents/document-store.ts';
import type { CheckProgress } from '../runs/records/job-check.ts';
import { createWorkspace } from '../runs/workspace.ts';
import type { JobReading } from '../source/job-reading.ts';
import { JOB_NAME } from '../telemetry/attributes.ts';
import { inSpan } from '../telemetry/in-span.ts';
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
export function checkJob(options: CheckJobOptions): Promise<CheckResult[]> {
  return inSpan('check', { attributes: { [JOB_NAME]: options.job } }, () => tryAll(options));
}

type CheckJobOptions = JobReading &
  Partial<CheckProgress> & {
    state: Pick<DocumentStore, 'put' | 'get'>;
    /** Where a private folder is created and removed. */
    workFolder: string;
    signal: AbortSignal;
  };

async function tryAll(options: CheckJobOptions): Promise<CheckResult[]> {
  const { config, job, secrets, state, workFolder, ...session } = options;
  const sync = config.syncs[job];
  const source = sync && config.sources[sync.source];
  if (!sync || !source) throw new ConfigError(`There is no sync "${job}".`);
  await using workspace = await createWorkspace(workFolder);
  const tell = (results: CheckResult[]) => {
    for (const result of results) options.onCheck?.(result);
    return results;
  };
  return [
    ...tell(await checkState(job, state)),
    ...(await checkSource({
      ...session,
      name: sync.source,
      source,
      syncs: { [job]: sync },
      secrets,
      folder: workspace.folder,
    })),
    ...tell(await checkTarget(sync, { config, secrets, signal: options.signal })),
  ];
}
