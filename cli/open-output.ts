import { resolve } from 'node:path';
import { awsTimeouts } from '../shared/config/outgoing-https.ts';
import type { ExtractionConfig } from '../shared/config/schema.ts';
import { createFolderOutputStore } from '../shared/extraction/folder-output-store.ts';
import { outputBase } from '../shared/extraction/layout.ts';
import type { OutputStore } from '../shared/extraction/output-store.ts';
import type { GlobalOptions } from './options.ts';
import type { Surroundings } from './program.ts';

/**
 * Where the files of an extraction go from this machine: the folder of --out, the bucket that the extraction names, or the state folder.
 *
 * @param out the folder, and nothing of a prefix
 */
export async function openOutput(
  { output }: ExtractionConfig,
  out: string | undefined,
  { state }: Pick<GlobalOptions, 'state'>,
  { folder }: Surroundings,
): Promise<OutputStore> {
  if (out !== undefined) return createFolderOutputStore({ folder: resolve(folder, out) });
  const own = resolve(folder, state);
  if (output.bucket === undefined) return createFolderOutputStore({ folder: own, base: outputBase(output) });
  const [{ S3Client }, { openOutputStore }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('../shared/extraction/open-output-store.ts'),
  ]);
  return openOutputStore({
    output,
    own: { folder: own },
    client: () => new S3Client({ requestHandler: awsTimeouts, followRegionRedirects: true }),
  });
}
