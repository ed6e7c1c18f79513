import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { root } from './root.ts';

/**
 * Bundles Ferry's code for Node, with all packages except DuckDB's native part, into ES modules in one folder.
 *
 * @param options what is special about this bundle
 */
export async function bundle(
  folder: string,
  options: Pick<BuildOptions, 'entryPoints' | 'plugins' | 'splitting'>,
): Promise<void> {
  await build({
    absWorkingDir: root,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Names stay: they are part of messages and logs. `keepNames` would set each of them again at every start, which takes 50 ms.
    minifySyntax: true,
    minifyWhitespace: true,
    // What is not used of a package can be left out of its ES modules only.
    mainFields: ['module', 'main'],
    legalComments: 'none',
    // The native part finds its library relative to its own folder, so it stays a package. pg does not need the other
    // one.
    external: ['@duckdb/node-bindings', 'pg-native'],
    // CommonJS packages inside an ES module still need `require`.
    banner: {
      js: "import{createRequire as __ferryRequire}from'node:module';const require=__ferryRequire(import.meta.url);",
    },
    // So do those that load a file next to their code (copy-parser.ts).
    define: { __dirname: 'import.meta.dirname' },
    logLevel: 'warning',
    ...options,
    plugins: [englishOnly, segmentLate, ...(options.plugins ?? [])],
  });
}

/** zod exports its messages in fifty languages under one name, so that none can be left out: half of its size. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, ({ path }) => ({
      contents: "export { default as en } from './en.js';",
      resolveDir: dirname(path),
    }));
  },
};

const SEGMENTER = 'const segmenter = new Intl.Segmenter();';
const EMOJI = 'const rgiEmojiRegex = /^\\p{RGI_Emoji}$/v;';

/**
 * string-width prepares for texts beyond ASCII when it is loaded, which takes 12 ms: a fifth of a short command, which
 * prints none. In the bundle, it does so with the first of them.
 */
const segmentLate: Plugin = {
  name: 'segment-late',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]string-width[\\/]index\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!text.includes(SEGMENTER) || !text.includes(EMOJI))
        throw new Error(`${path} has changed: see segmentLate in infra/code/bundle.ts.`);
      const late = text
        .replace(
          SEGMENTER,
          'let ownSegmenter; const segmenter = { segment: (text) => (ownSegmenter ??= new Intl.Segmenter()).segment(text) };',
        )
        .replace(
          EMOJI,
          'let ownEmoji; const rgiEmojiRegex = { test: (text) => (ownEmoji ??= /^\\p{RGI_Emoji}$/v).test(text) };',
        );
      return { contents: late, loader: 'js' };
    });
  },
};
