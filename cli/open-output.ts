import { resolve } from 'node:path';
import type { ExtractionConfig } from '../shared/config/schema/ferry-config.ts';
import { createFolderOutputStore } from '../shared/extraction/output/folder-output-store.ts';
import { openOutputStore } from '../shared/extraction/output/open-output-store.ts';
import type { OutputStore } from '../shared/extraction/output/output-store.ts';
import { awsTimeouts } from '../shared/network/outgoing-https.ts';
import type { CliContext } from './cli-context.ts';
import type { GlobalOptions } from './options.ts';

/**
 * Where this machine writes the files of an extraction: the folder of --out, the bucket that the extraction names, or
 * the state folder.
 *
 * @param out the folder, without a prefix
 */
export async function openOutput(
  { output }: ExtractionConfig,
  out: string | undefined,
  { state }: Pick<GlobalOptions, 'state'>,
  { folder }: CliContext,
): Promise<OutputStore> {
  if (out !== undefined) return createFolderOutputStore({ folder: resolve(folder, out) });
  return openOutputStore({
    output,
    own: { folder: resolve(folder, state) },
    async client() {
      const { S3Client } = await import('@aws-sdk/client-s3');
      return new S3Client({ requestHandler: awsTimeouts, followRegionRedirects: true });
    },
  });
}
