import { join } from 'node:path';
import { findExtraction } from '../extraction/extraction-work.ts';
import type { DocumentStore } from '../runs/documents/document-store.ts';
import type { CheckProgress } from '../runs/records/job-check.ts';
import { createWorkspace } from '../runs/workspace.ts';
import { RefusedLogins } from '../source/credentials/refused-logins.ts';
import { JOB_NAME } from '../telemetry/attributes.ts';
import { inSpan } from '../telemetry/in-span.ts';
import { type CheckExtractionOptions, checkExtraction } from './check-extraction.ts';
import type { CheckResult } from './check-result.ts';
import { checkSource } from './check-source.ts';
import { checkState } from './check-state.ts';

/**
 * Tries everything that a run of one extraction needs, from where its runs would be: state, each hop to each source,
 * and what only extractions need. Reads no catalog.
 *
 * @throws ConfigError when there is no such extraction
 */
export function checkExtractionJob(options: CheckExtractionJobOptions): Promise<CheckResult[]> {
  return inSpan('check', { attributes: { [JOB_NAME]: options.job } }, () => tryAll(options));
}

type CheckExtractionJobOptions = CheckExtractionOptions &
  Partial<CheckProgress> & { state: Pick<DocumentStore, 'put' | 'get'> };

async function tryAll(options: CheckExtractionJobOptions): Promise<CheckResult[]> {
  const { config, job, state, secrets, workFolder, extensionFolders, memoryLimitBytes, threads, signal } =
    options;
  const { refusals = new RefusedLogins() } = options;
  const { sources } = findExtraction(config, job);
  const tell = (found: CheckResult[]) => {
    for (const result of found) options.onCheck?.(result);
    return found;
  };
  const results = tell(await checkState(job, state));
  await using workspace = await createWorkspace(workFolder);
  for (const { name, source } of sources) {
    const folder = join(workspace.folder, name);
    const named = (hop: CheckResult) =>
      sources.length > 1 ? { ...hop, check: `${name}: ${hop.check}` } : hop;
    const hops = await checkSource({
      name,
      source,
      syncs: {},
      secrets,
      folder,
      extensionFolders,
      memoryLimitBytes,
      threads,
      refusals,
      signal,
      onCheck: (hop) => options.onCheck?.(named(hop)),
    });
    results.push(...hops.map(named));
  }
  return [...results, ...(await checkExtraction({ ...options, refusals }))];
}
