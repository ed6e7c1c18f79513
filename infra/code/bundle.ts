import { type BuildOptions, build } from 'esbuild';
import { root } from './root.ts';

/**
 * Bundles Ferry's code for Node, with all packages except DuckDB's, into ES modules in one folder.
 *
 * @param options what is special about this bundle
 */
export async function bundle(
  folder: string,
  options: Pick<BuildOptions, 'entryPoints' | 'plugins'>,
): Promise<void> {
  await build({
    absWorkingDir: root,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    // The native client finds its library relative to its own folder, so it stays a package. pg does not need the other
    // one.
    external: ['@duckdb/*', 'pg-native'],
    // CommonJS packages inside an ES module still need `require`.
    banner: {
      js: "import{createRequire as __ferryRequire}from'node:module';const require=__ferryRequire(import.meta.url);",
    },
    logLevel: 'warning',
    ...options,
  });
}
