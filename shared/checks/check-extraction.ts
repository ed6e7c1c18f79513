import { join } from 'node:path';
import { CatalogSessions } from '../extraction/catalog/catalog-sessions.ts';
import { scopeIn } from '../extraction/catalog/open-catalog-session.ts';
import { type Preflight, runPreflight, whyLeftOut } from '../extraction/catalog/preflight.ts';
import {
  type ExtractionWork,
  findExtraction,
  type RunExtractionOptions,
} from '../extraction/extraction-work.ts';
import { describeLeftOut, type LeftOut, nothingLeft } from '../extraction/left-out.ts';
import { layOut } from '../extraction/output/layout.ts';
import { addressOf, type OutputStore } from '../extraction/output/output-store.ts';
import {
  fitToDatabase,
  type PlannedSource,
  type PlanWork,
  placeOf,
  planDatabases,
} from '../extraction/plan-databases.ts';
import { labelOf } from '../extraction/read-database.ts';
import { watchSignIn } from '../extraction/watch-sign-in.ts';
import { createWorkspace } from '../runs/workspace.ts';
import { RefusedLogins } from '../source/credentials/refused-logins.ts';
import type { JobReading } from '../source/job-reading.ts';
import { type CheckResult, failedCheck, skippedCheck } from './check-result.ts';

export type CheckExtractionOptions = JobReading &
  Pick<RunExtractionOptions, 'output' | 'workFolder'> & { signal: AbortSignal };

/**
 * Tries what only extractions need: the checks that each run begins with, database by database, and writing, reading
 * and removing a file at the output. Reads no catalog. checkSource tries the hops to the sources.
 *
 * @throws ConfigError when there is no such extraction
 */
export async function checkExtraction(options: CheckExtractionOptions): Promise<CheckResult[]> {
  const { config, job, output, signal } = options;
  const found = findExtraction(config, job);
  await using workspace = await createWorkspace(options.workFolder);
  const { folder } = workspace;
  const refusals = new RefusedLogins();
  const catalogs = await checkCatalogs({ refusals, ...options, ...found }, folder, signal);
  return [...catalogs, ...(await checkOutput(output, { ...found, signal }))];
}

async function checkCatalogs(work: PlanWork, folder: string, signal: AbortSignal): Promise<CheckResult[]> {
  await using sessions = new CatalogSessions({ ...work, folder: join(folder, 'databases'), signal });
  let planned: PlannedSource[];
  try {
    planned = await planDatabases(
      { folder, signal, retry: (attempt) => attempt(), phase: (_name, attempt) => attempt() },
      { ...work, engine: sessions.engine },
    );
  } catch (error) {
    signal.throwIfAborted();
    return [failedCheck('databases', error)];
  }
  const results: CheckResult[] = [];
  const leftOut: LeftOut[] = [];
  for (const plan of planned) {
    const { name: source, error } = plan;
    if (plan.leftOut !== undefined) leftOut.push({ source, miss: plan.leftOut });
    if (error) results.push(failedCheck(`${source}: databases`, error));
    else results.push(...(await checkDatabases(work, plan, leftOut, sessions, signal)));
    await sessions.leave();
  }
  if (results.length === 0) return [failedCheck('databaseSchemaCheck', nothingLeft(leftOut))];
  if (leftOut.length === 0) return results;
  return [...results, { check: 'filters', status: 'warning', detail: describeLeftOut(leftOut) }];
}

/**
 * Checks the databases of one source; once it lets nobody in, its other ones are not tried. @param leftOut takes what
 * the filters leave out
 */
async function checkDatabases(
  work: PlanWork,
  plan: PlannedSource,
  leftOut: LeftOut[],
  sessions: CatalogSessions,
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const { name: source, databases } = plan;
  const results: CheckResult[] = [];
  const isKeptOut = watchSignIn(work.extraction.databases === 'all');
  let keptOut = false;
  for (const [index, database] of databases.entries()) {
    const login = `${labelOf(source, database)}: login`;
    if (keptOut) {
      results.push(skippedCheck(login));
      continue;
    }
    const names = { database, next: databases[index + 1] };
    const checked = await checkDatabase(work, plan, names, sessions, signal);
    keptOut = isKeptOut('error' in checked ? checked.error : undefined);
    if ('leftOut' in checked) leftOut.push({ source, database, miss: checked.leftOut });
    else if ('error' in checked) results.push(failedCheck(login, checked.error));
    else results.push(...checked);
  }
  return results;
}

const PREFLIGHT = [
  'databaseSchemaCheck',
  'tablesCheck',
  'versionCheck',
] as const satisfies (keyof Preflight)[];

async function checkDatabase(
  work: PlanWork,
  plan: PlannedSource,
  { database, next }: { database: string; next: string | undefined },
  sessions: CatalogSessions,
  signal: AbortSignal,
): Promise<CheckResult[] | { leftOut: string } | { error: unknown }> {
  const { name, reached } = plan;
  try {
    if (!reached) throw new Error('A source without a login has no databases.');
    const { session } = await sessions.open(placeOf(plan, reached.login, database));
    if (next !== undefined) sessions.openAhead(placeOf(plan, reached.login, next));
    try {
      const scope = scopeIn(session);
      const { filters, ...names } = await fitToDatabase(scope, work.extraction, plan, database);
      const preflight = await runPreflight(scope, filters, {
        onlySource: work.sources.length === 1,
        ...names,
      });
      const leftOut = await whyLeftOut(scope, filters, preflight, names.databaseName);
      if (leftOut !== undefined) return { leftOut };
      const label = labelOf(name, database);
      return PREFLIGHT.map((check) => toResult(`${label}: ${check}`, preflight[check]));
    } finally {
      session.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    return { error };
  }
}

function toResult(
  check: string,
  { success, successMessage, failureMessage }: Preflight[keyof Preflight],
): CheckResult {
  if (success) return { check, status: 'ok', detail: successMessage };
  return { check, status: 'failed', detail: failureMessage, class: 'ConfigError' };
}

/** Writes, reads and removes a file next to the runs of the workflow. */
async function checkOutput(
  output: OutputStore,
  {
    extraction,
    workflowId,
    signal,
  }: Pick<ExtractionWork, 'extraction' | 'workflowId'> & { signal: AbortSignal },
): Promise<CheckResult[]> {
  const { workflowFolder } = layOut({ ...extraction.output, base: output.base, workflowId, runId: 'check' });
  const folder = `${workflowFolder}check/`;
  const key = `${folder}check.json`;
  const steps: [string, () => Promise<string>][] = [
    ['output: write', async () => output.put(key, '{}\n').then(() => addressOf(output, key))],
    ['output: read', async () => output.read(key).then(() => addressOf(output, key))],
    // S3 requires a separate permission to report that an object does not exist.
    [
      'output: absent',
      async () =>
        output
          .read(`${folder}absent.json`)
          .then(() => 'reading a missing document reports that it is missing'),
    ],
    ['output: remove', async () => output.removeFolder(folder).then(() => addressOf(output, folder))],
  ];
  const results: CheckResult[] = [];
  for (const [check, step] of steps) {
    signal.throwIfAborted();
    if (results[0]?.status === 'failed') {
      results.push(skippedCheck(check));
      continue;
    }
    try {
      results.push({ check, status: 'ok', detail: await step() });
    } catch (error) {
      results.push(failedCheck(check, error));
    }
  }
  return results;
}
