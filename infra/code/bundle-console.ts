import { copyFile, readFile } from 'node:fs/promises';
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
    // Their licenses ask for it: the pages are passed on with each image and stack.
    banner: { js: await noticesOf(['preact', 'uplot']), css: await noticesOf(['uplot']) },
    legalComments: 'none',
    logLevel: 'warning',
  });
  await copyFile(join(root, 'console', 'index.html'), join(folder, 'index.html'));
}

/** The licenses of packages, as a comment. */
async function noticesOf(packages: readonly string[]): Promise<string> {
  const texts = packages.map(async (name) => {
    const license = await readFile(join(root, 'node_modules', name, 'LICENSE'), 'utf8');
    return `${name}\n\n${license.trim()}`;
  });
  return `/*!\n${(await Promise.all(texts)).join('\n\n')}\n*/`;
}
