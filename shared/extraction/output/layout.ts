import { workflowFolder } from '../../config/rules/extraction-folder.ts';
import type { ExtractionOutput } from '../../config/schema/extraction.ts';
import type { EntityFolder } from '../../source/catalog/entity-folders.ts';
import type { ExtractedFile, FileFormat } from '../extract-options.ts';

/** How the files of a run are named, so that readers for Atlan's own apps find them. */
export interface Layout {
  /** The folder of all runs; ends with a slash. */
  workflowFolder: string;
  /** The folder of this run; ends with a slash. */
  runFolder: string;
  manifest: string;
  latest: string;
  /** @param chunk number of the file's chunk in the whole run, from 1. Counts for nothing with {@link Layout.isWhole} */
  keyOf(file: Pick<ExtractedFile, 'form' | 'type' | 'part'>, chunk: number): string;
  /** Undefined where no statistics are written. */
  statisticsOf(form: ExtractedFile['form'], type: EntityFolder): string | undefined;
  /** Whether one file has all rows of a form and type, of all databases. */
  isWhole: boolean;
}

/** How Atlan's app and both versions of the SDK write rows. Parts of a whole file are joined when they are published. */
export const FILE_FORMATS: Readonly<Record<ExtractionOutput['layout'], FileFormat>> = {
  app: { rowsPerFile: { raw: 100_000, transformed: 100_000 } },
  sdk: { rowsPerFile: { raw: 100_000, transformed: 50_000 } },
  sdk3: { rowsPerFile: { raw: 100_000, transformed: 100_000 }, rawFormat: 'json', relationsBeside: true },
};

const EXTENSIONS = { raw: 'parquet', transformed: 'json' } as const;
/** Both are JSON lines, whatever their ending says. */
const WHOLE_NAMES = { raw: 'records.json', transformed: 'entities.json' } as const;

/**
 * The keys of a run.
 *
 * `app` is what Atlan's Postgres app writes: `{workflowId}/{runId}/raw|transformed/{type}/{n}.…`, n from 1. `sdk` is
 * what version 2 of the application SDK writes:
 * `artifacts/apps/{application}/workflows/{workflowId}/{runId}/…/chunk-{n}-part{m}.…`, both from 0, with the statistics
 * in a separate folder (path_gen and write_statistics of application_sdk/io). `sdk3` is what its version 3 writes: in
 * the same folder, `raw/{type}/records.json` and `transformed/{type}/entities.json`, without statistics
 * (application_sdk/templates/sql_app.py).
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
  const folder = workflowFolder({ layout, application, base, workflowId });
  const runFolder = `${folder}${runId}/`;
  return {
    workflowFolder: folder,
    runFolder,
    manifest: `${runFolder}manifest.json`,
    latest: `${folder}latest.json`,
    isWhole: layout === 'sdk3',
    keyOf({ form, type, part }, chunk) {
      if (layout === 'sdk3') return `${runFolder}${form}/${type}/${WHOLE_NAMES[form]}`;
      const name = layout === 'app' ? String(chunk) : `chunk-${chunk - 1}-part${part - 1}`;
      return `${runFolder}${form}/${type}/${name}.${EXTENSIONS[form]}`;
    },
    statisticsOf(form, type) {
      if (layout === 'sdk3') return undefined;
      return `${runFolder}${form}/${type}/${layout === 'app' ? '' : 'statistics/'}statistics.json.ignore`;
    },
  };
}
