import type { ExtractionOutput } from '../schema/extraction.ts';
import type { ExtractionConfig, FerryConfig } from '../schema/ferry-config.ts';
import { applicationOf } from './extraction-application.ts';

/** The start of the keys in Ferry's own store, which also contains other things. */
const OWN_BASE = 'artifacts/';

/** The start of all keys of an output: empty, or something that ends with a slash. */
export function outputBase({
  bucket,
  prefix,
  layout,
}: Pick<ExtractionOutput, 'bucket' | 'prefix' | 'layout'>): string {
  const folder = prefix === '' ? '' : `${prefix}/`;
  // The SDK's own paths begin with that folder; do not repeat it.
  if (bucket !== undefined || (layout !== 'app' && folder === '')) return folder;
  return `${OWN_BASE}${folder}`;
}

/** The folder of all runs of a workflow, below the base of its output; ends with a slash. */
export function workflowFolder({
  layout,
  application,
  base,
  workflowId,
}: {
  layout: ExtractionOutput['layout'];
  application: string;
  base: string;
  workflowId: string;
}): string {
  return layout === 'app'
    ? `${base}${workflowId}/`
    : `${base}artifacts/apps/${application}/workflows/${workflowId}/`;
}

/** The same for an extraction of the configuration. */
export function folderOfExtraction(config: FerryConfig, job: string, extraction: ExtractionConfig): string {
  const { output, workflowId = job } = extraction;
  return workflowFolder({
    layout: output.layout,
    application: applicationOf(config, extraction),
    base: outputBase(output),
    workflowId,
  });
}
