import { join } from 'node:path';
import { findExtraction } from '../extraction/extraction-work.ts';
import type { DocumentStore } from '../runs/documents/document-store.ts';
import { createWorkspace } from '../runs/workspace.ts';
import { RefusedLogins } from '../source/credentials/refused-logins.ts';
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
export async function checkExtractionJob(
  options: CheckExtractionOptions & { state: Pick<DocumentStore, 'put' | 'get'> },
): Promise<CheckResult[]> {
  const { config, job, state, secrets, workFolder, extensionFolders, memoryLimitBytes, threads, signal } =
    options;
  const { refusals = new RefusedLogins() } = options;
  const { sources } = findExtraction(config, job);
  const results = await checkState(job, state);
  await using workspace = await createWorkspace(workFolder);
  for (const { name, source } of sources) {
    const folder = join(workspace.folder, name);
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
    });
    results.push(
      ...hops.map((hop) => (sources.length > 1 ? { ...hop, check: `${name}: ${hop.check}` } : hop)),
    );
  }
  return [...results, ...(await checkExtraction({ ...options, refusals }))];
}
