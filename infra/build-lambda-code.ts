import { basename, join } from 'node:path';
import type { Plugin } from 'esbuild';
import type { ExtensionName } from '../shared/duckdb/fetch-extensions.ts';
import { bundle } from './code/bundle.ts';
import { copySql } from './code/copy-sql.ts';
import { type Architecture, fetchDuckdb } from './code/duckdb-files.ts';
import { replaceFolder } from './code/replace-folder.ts';
import { root } from './code/root.ts';

/** The processor that the functions run on, in Lambda's words. */
export type LambdaArchitecture = Architecture;

/**
 * Builds the one folder that all functions run from: the bundled handlers, DuckDB's client for the target processor,
 * and the extensions in use.
 *
 * @param extensions those that the configured sources need; each is 40 MB
 * @returns path of the folder; the same content gives the same asset hash, so an unchanged one is not uploaded again
 */
export async function buildLambdaCode(
  architecture: LambdaArchitecture,
  extensions: readonly ExtensionName[],
): Promise<string> {
  const copyDuckdb = await fetchDuckdb(architecture, extensions);
  const target = join(root, '.cache', 'lambda', [architecture, ...extensions].join('-'));
  await replaceFolder(target, async (draft) => {
    await bundleHandlers(draft);
    await copySql(draft);
    await copyDuckdb(draft);
  });
  return target;
}

/** Modules that handlers rarely import: each is a separate file next to them, and not read before it is needed. */
const SELDOM: Readonly<Record<string, string>> = {
  'postgres-refusal': 'shared/source/postgres/postgres-refusal.ts',
  'mysql-refusal': 'shared/source/mysql/mysql-refusal.ts',
};

const leaveApart: Plugin = {
  name: 'leave-apart',
  setup({ onResolve }) {
    onResolve({ filter: /\.ts$/ }, ({ kind, path }) => {
      const name = basename(path, '.ts');
      const isApart = kind === 'dynamic-import' && Object.hasOwn(SELDOM, name);
      return isApart ? { path: `./${name}.mjs`, external: true } : undefined;
    });
  },
};

function bundleHandlers(folder: string): Promise<void> {
  return bundle(folder, {
    entryPoints: {
      sync: 'functions/sync/handler.ts',
      extract: 'functions/extract/handler.ts',
      api: 'functions/api/handler.ts',
      watchdog: 'functions/watchdog/handler.ts',
      ...SELDOM,
    },
    plugins: [leaveApart],
  });
}
