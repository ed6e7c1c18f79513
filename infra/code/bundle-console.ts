import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './root.ts';

/** Builds the pages of the console into a folder: one script, one style sheet, one document. */
export async function bundleConsole(folder: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: { console: 'console/main.tsx' },
    outdir: folder,
    bundle: true,
    platform: 'browser',
    target: 'es2023',
    format: 'esm',
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
  });
  await copyFile(join(root, 'console', 'index.html'), join(folder, 'index.html'));
}
