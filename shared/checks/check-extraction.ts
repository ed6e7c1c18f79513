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
import { describeUnread, failsApart, UnmatchedEntries } from '../extraction/unread-databases.ts';
import { watchSource } from '../extraction/watch-source.ts';
import { type RetryOptions, retryLockedCatalog } from '../runs/retry.ts';
import { createWorkspace } from '../runs/workspace.ts';
import { RefusedLogins } from '../source/credentials/refused-logins.ts';
import type { JobReading } from '../source/job-reading.ts';
import { type CheckResult, failedCheck, skippedCheck } from './check-result.ts';

export type CheckExtractionOptions = JobReading &
  Pick<RunExtractionOptions, 'output' | 'workFolder'> & {
    signal: AbortSignal;
    /** Waits for a lock of the catalog; tests use a faster clock. */
    sleep?: RetryOptions['sleep'];
  };

/**
 * Tries what only extractions need: the checks that each run begins with, database by database, and writing, reading
 * and removing a file at the output. Reads no catalog. checkSource tries the hops to the sources.
 *
 * @throws ConfigError when there is no such extraction
 */
export async function checkExtraction(options: CheckExtractionOptions): Promise<CheckResult[]> {
  const { config, job, output, signal, sleep } = options;
  const found = findExtraction(config, job);
  await using workspace = await createWorkspace(options.workFolder);
  const { folder } = workspace;
  const refusals = new RefusedLogins();
  const waiting = { signal, sleep };
  const catalogs = await checkCatalogs({ refusals, ...options, ...found }, folder, waiting);
  return [...catalogs, ...(await checkOutput(output, { ...found, signal }))];
}

/** How a lock of the catalog is waited for. */
interface Waiting {
  signal: AbortSignal;
  sleep: RetryOptions['sleep'];
}

async function checkCatalogs(work: PlanWork, folder: string, waiting: Waiting): Promise<CheckResult[]> {
  const { signal } = waiting;
  await using sessions = new CatalogSessions({ ...work, folder: join(folder, 'databases'), signal });
  let planned: PlannedSource[];
  try {
    planned = await planDatabases(
      {
        folder,
        signal,
        retry: (attempt) => retryLockedCatalog(waiting, attempt),
        tryFirst: async (attempt) => ({ result: await retryLockedCatalog(waiting, attempt) }),
        phase: (_name, attempt) => attempt(),
      },
      { ...work, engine: sessions.engine },
    );
  } catch (error) {
    signal.throwIfAborted();
    return [failedCheck('databases', error)];
  }
  const results: CheckResult[] = [];
  const leftOut: LeftOut[] = [];
  const unmatched = failsApart(work) ? new UnmatchedEntries() : undefined;
  for (const plan of planned) {
    const { name: source, error } = plan;
    if (plan.leftOut !== undefined) leftOut.push({ source, miss: plan.leftOut });
    if (error) results.push(failedCheck(`${source}: databases`, error));
    else results.push(...(await checkDatabases({ ...work, unmatched }, plan, leftOut, sessions, waiting)));
    await sessions.leave();
  }
  if (results.length === 0) return [failedCheck('databaseSchemaCheck', nothingLeft(leftOut))];
  for (const plan of planned) results.push(...checkUnread(work, plan, unmatched));
  if (leftOut.length === 0) return results;
  return [...results, { check: 'filters', status: 'warning', detail: describeLeftOut(leftOut) }];
}

/** As a run does: entries of `include` without a database fail, and others that are closed are told. */
function checkUnread(
  { extraction }: PlanWork,
  { name, databases, unread = [] }: PlannedSource,
  unmatched: UnmatchedEntries | undefined,
): CheckResult[] {
  const failures = unmatched?.failures(extraction.include, unread, new Set(databases)) ?? [];
  const others = unread.filter(({ database }) => !failures.some((failed) => failed.database === database));
  const failed = failures.map(({ database, error }) =>
    failedCheck(`${labelOf(name, database)}: databaseSchemaCheck`, error),
  );
  if (others.length === 0) return failed;
  return [
    ...failed,
    { check: `${name}: databases`, status: 'warning', detail: describeUnread(name, others) },
  ];
}

type CheckingWork = PlanWork & { unmatched: UnmatchedEntries | undefined };

/**
 * Checks the databases of one source; once it lets nobody in, its other ones are not tried. @param leftOut takes what
 * the filters leave out
 */
async function checkDatabases(
  work: CheckingWork,
  plan: PlannedSource,
  leftOut: LeftOut[],
  sessions: CatalogSessions,
  waiting: Waiting,
): Promise<CheckResult[]> {
  const { name: source, databases } = plan;
  const results: CheckResult[] = [];
  const { reached } = plan;
  const ofSource =
    reached &&
    watchSource(plan, reached.login, {
      wasLetIn: work.extraction.databases === 'all',
      signal: waiting.signal,
    });
  let gone = false;
  for (const [index, database] of databases.entries()) {
    const login = `${labelOf(source, database)}: login`;
    if (gone) {
      results.push(skippedCheck(login));
      continue;
    }
    const names = { database, next: databases[index + 1] };
    const checked = await retryLockedCatalog(waiting, () => checkDatabase(work, plan, names, sessions)).catch(
      (error: unknown) => {
        waiting.signal.throwIfAborted();
        return { error };
      },
    );
    gone = (await ofSource?.('error' in checked ? checked.error : undefined)) !== undefined;
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
  work: CheckingWork,
  plan: PlannedSource,
  { database, next }: { database: string; next: string | undefined },
  sessions: CatalogSessions,
): Promise<CheckResult[] | { leftOut: string }> {
  const { name, reached } = plan;
  if (!reached) throw new Error('A source without a login has no databases.');
  const { session } = await sessions.open(placeOf(plan, reached.login, database));
  if (next !== undefined) sessions.openAhead(placeOf(plan, reached.login, next));
  try {
    const scope = scopeIn(session);
    const { filters, ...names } = await fitToDatabase(scope, work.extraction, plan, database);
    const preflight = await runPreflight(scope, filters, {
      onlySource: work.sources.length === 1,
      minimumVersion: work.config.atlan.minimumVersion,
      apart: work.unmatched && ((entries) => work.unmatched?.note(entries)),
      ...names,
    });
    const leftOut = await whyLeftOut(scope, filters, preflight, names.databaseName);
    if (leftOut !== undefined) return { leftOut };
    const label = labelOf(name, database);
    const limits = (await scope.limits?.(filters)) ?? [];
    return [
      ...PREFLIGHT.map((check) => toResult(`${label}: ${check}`, preflight[check])),
      ...limits.map((detail): CheckResult => ({ check: `${label}: visibility`, status: 'warning', detail })),
    ];
  } finally {
    session.close();
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
    application,
    signal,
  }: Pick<ExtractionWork, 'extraction' | 'workflowId' | 'application'> & { signal: AbortSignal },
): Promise<CheckResult[]> {
  const { workflowFolder } = layOut({
    ...extraction.output,
    application,
    base: output.base,
    workflowId,
    runId: 'check',
  });
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
