import { resolve } from 'node:path';
import type { ExtractionConfig } from '../../shared/config/schema/ferry-config.ts';
import { createFolderOutputStore } from '../../shared/extraction/output/folder-output-store.ts';
import { openOutputStore } from '../../shared/extraction/output/open-output-store.ts';
import type { OutputStore } from '../../shared/extraction/output/output-store.ts';
import type { CliContext } from '../cli-context.ts';
import type { StatePlace } from '../state-folder.ts';
import { createS3Client, openState } from './open-state.ts';

/**
 * Where the files of an extraction go from this machine: the folder of --out, the bucket that the extraction names, or
 * the state.
 *
 * @param out the folder, without a prefix
 */
export async function openOutput(
  { output }: Pick<ExtractionConfig, 'output'>,
  out: string | undefined,
  options: StatePlace,
  context: CliContext,
): Promise<OutputStore> {
  if (out !== undefined) return createFolderOutputStore({ folder: resolve(context.folder, out) });
  const { own } = await openState(options, context);
  return openOutputStore({ output, own, client: () => createS3Client(context) });
}
