import type { ExtractionOutput } from '../../config/schema/extraction.ts';
import type { EntityFolder } from '../../source/catalog/entity-folders.ts';
import type { ExtractedDatabase } from '../extract-database.ts';

type ExtractedFile = ExtractedDatabase['files'][number];

/** How the files of a run are named, so that readers for Atlan's own apps find them. */
export interface Layout {
  /** The folder of all runs; ends with a slash. */
  workflowFolder: string;
  /** The folder of this run; ends with a slash. */
  runFolder: string;
  manifest: string;
  latest: string;
  /** @param chunk number of the file's chunk in the whole run, from 1 */
  keyOf(file: Pick<ExtractedFile, 'form' | 'type' | 'part'>, chunk: number): string;
  statisticsOf(form: ExtractedFile['form'], type: EntityFolder): string;
}

/** How many rows a file has at most: the numbers of the app and the SDK. */
export const ROWS_PER_FILE = {
  app: { raw: 100_000, transformed: 100_000 },
  sdk: { raw: 100_000, transformed: 50_000 },
} as const satisfies Record<ExtractionOutput['layout'], { raw: number; transformed: number }>;

const EXTENSIONS = { raw: 'parquet', transformed: 'json' } as const;

/** The start of the keys in Ferry's own store, which also contains other things. */
const OWN_BASE = 'artifacts/';

/** The start of all keys of an output: empty, or something that ends with a slash. */
export function outputBase({
  bucket,
  prefix,
  layout,
}: Pick<ExtractionOutput, 'bucket' | 'prefix' | 'layout'>): string {
  const folder = prefix === '' ? '' : `${prefix}/`;
  // The SDK's own path begins with that folder; do not repeat it.
  if (bucket !== undefined || (layout === 'sdk' && folder === '')) return folder;
  return `${OWN_BASE}${folder}`;
}

/**
 * The keys of a run.
 *
 * `app` is what Atlan's Postgres app writes: `{workflowId}/{runId}/raw|transformed/{type}/{n}.…`, n from 1. `sdk` is
 * what version 2 of the application SDK writes:
 * `artifacts/apps/{application}/workflows/{workflowId}/{runId}/…/chunk-{n}-part{m}.…`, both from 0, with the statistics
 * in a separate folder (path_gen and write_statistics of application_sdk/io).
 *
 * @param options.base the start of all keys of the output
 */
export function layOut(options: {
  layout: ExtractionOutput['layout'];
  application: string;
  base: string;
  workflowId: string;
  runId: string;
}): Layout {
  const { layout, application, base, workflowId, runId } = options;
  const workflowFolder =
    layout === 'app'
      ? `${base}${workflowId}/`
      : `${base}artifacts/apps/${application}/workflows/${workflowId}/`;
  const runFolder = `${workflowFolder}${runId}/`;
  return {
    workflowFolder,
    runFolder,
    manifest: `${runFolder}manifest.json`,
    latest: `${workflowFolder}latest.json`,
    keyOf({ form, type, part }, chunk) {
      const name = layout === 'app' ? String(chunk) : `chunk-${chunk - 1}-part${part - 1}`;
      return `${runFolder}${form}/${type}/${name}.${EXTENSIONS[form]}`;
    },
    statisticsOf: (form, type) =>
      `${runFolder}${form}/${type}/${layout === 'app' ? '' : 'statistics/'}statistics.json.ignore`,
  };
}
