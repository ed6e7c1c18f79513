import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ExtensionName } from '../shared/duckdb/fetch-extensions.ts';
import { bundle } from './code/bundle.ts';
import { bundleOnce } from './code/bundle-once.ts';
import { copyParser } from './code/copy-parser.ts';
import { copySql } from './code/copy-sql.ts';
import { type Architecture, fetchDuckdb } from './code/duckdb-files.ts';
import { leaveApart, PARSER_MODULES, TELEMETRY_MODULES } from './code/leave-apart.ts';
import { odbcDriverFiles } from './code/odbc-drivers.ts';
import { replaceFolder } from './code/replace-folder.ts';
import { root } from './code/root.ts';

/** The processor that the functions run on, in Lambda's words. */
export type LambdaArchitecture = Architecture;

/**
 * Builds the folder that the functions of jobs run from: the bundled handlers, DuckDB's client for the target
 * processor, and the extensions in use.
 *
 * @param extensions those that the configured sources need; each is 40 MB
 * @param drivers folder of the ODBC drivers that they need
 * @returns path of the folder; the same content gives the same asset hash, so an unchanged one is not uploaded again
 */
export async function buildLambdaCode(
  architecture: LambdaArchitecture,
  extensions: readonly ExtensionName[],
  drivers?: string,
): Promise<string> {
  const copyDuckdb = await fetchDuckdb(architecture, extensions);
  const copyDrivers = drivers === undefined ? undefined : await odbcDriverFiles(architecture, drivers);
  const ofDrivers =
    drivers === undefined ? [] : [createHash('sha256').update(drivers).digest('hex').slice(0, 8)];
  const target = join(root, '.cache', 'lambda', [architecture, ...extensions, ...ofDrivers].join('-'));
  await replaceFolder(target, async (draft) => {
    await bundleHandlers('jobs', draft, {
      sync: 'functions/sync/handler.ts',
      extract: 'functions/extract/handler.ts',
      ...SELDOM,
    });
    await copySql(draft);
    await copyParser(draft);
    await copyDuckdb(draft);
    await copyDrivers?.(draft);
  });
  return target;
}

/**
 * Builds the folder that the API and the watchdog run from. They read no source, so theirs has no DuckDB: Lambda starts
 * a function of 4 MB faster than one of 150.
 *
 * @returns path of the folder, for any processor
 */
export async function buildServiceCode(): Promise<string> {
  const target = join(root, '.cache', 'lambda', 'service');
  await replaceFolder(target, (draft) =>
    bundleHandlers('service', draft, {
      api: 'functions/api/handler.ts',
      watchdog: 'functions/watchdog/handler.ts',
      ...SELDOM_ASKED,
    }),
  );
  return target;
}

/** What a run rarely needs: clients that ask why a login was refused, and a parser for queries of large tables. */
const SELDOM = {
  'postgres-refusal': 'shared/source/postgres/postgres-refusal.ts',
  'mysql-refusal': 'shared/source/mysql/mysql-refusal.ts',
  ...PARSER_MODULES,
} as const;

/** What the API rarely does: it writes and checks lines of ferry.yaml. */
const SELDOM_ASKED = { 'answer-config': 'shared/api/setup/answer-config.ts' } as const;

/** Modules that handlers rarely import are separate files next to them, and not read before they are needed. */
function bundleHandlers(
  name: string,
  folder: string,
  entryPoints: Readonly<Record<string, string>>,
): Promise<void> {
  return bundleOnce(name, folder, (draft) =>
    bundle(draft, {
      entryPoints: { ...entryPoints, ...TELEMETRY_MODULES },
      plugins: [leaveApart({ ...SELDOM, ...SELDOM_ASKED, ...TELEMETRY_MODULES })],
    }),
  );
}
