import { join } from 'node:path';
import { CatalogSessions } from '../extraction/catalog/catalog-sessions.ts';
import { scopeIn } from '../extraction/catalog/open-catalog-session.ts';
import { type Preflight, runPreflight, whyLeftOut } from '../extraction/catalog/preflight.ts';
import { labelOf } from '../extraction/databases/database-label.ts';
import { describeLeftOut, type LeftOut, nothingLeft } from '../extraction/databases/left-out.ts';
import {
  fitToDatabase,
  type PlannedSource,
  type PlanWork,
  placeOf,
  planDatabases,
} from '../extraction/databases/plan-databases.ts';
import { describeUnread, failsApart, UnmatchedEntries } from '../extraction/databases/unread-databases.ts';
import { watchSource } from '../extraction/databases/watch-source.ts';
import {
  type ExtractionWork,
  findExtraction,
  type RunExtractionOptions,
} from '../extraction/extraction-work.ts';
import { layOut } from '../extraction/output/layout.ts';
import { addressOf, type OutputStore } from '../extraction/output/output-store.ts';
import { type RetryOptions, retryLockedCatalog } from '../runs/retry.ts';
import { createWorkspace } from '../runs/workspace.ts';
import { RefusedLogins } from '../source/credentials/refused-logins.ts';
import type { JobReading } from '../source/job-reading.ts';
import { formatCount } from '../text/format.ts';
import { type CheckResult, failedCheck, skippedCheck } from './check-result.ts';

export type CheckExtractionOptions = JobReading &
  Pick<RunExtractionOptions, 'output' | 'workFolder'> & {
    signal: AbortSignal;
    /** Waits for a lock of the catalog; tests use a faster clock. */
    sleep?: RetryOptions['sleep'];
    /** Called with each result as soon as it is known. */
    onCheck?: ((result: CheckResult) => void) | undefined;
    /** Called with what is about to be tried, such as `12 of 40  erp/hr`. */
    onStep?: ((step: string) => void) | undefined;
  };

/**
 * Tries what only extractions need: the checks that each run begins with, database by database, and writing, reading
 * and removing a file at the output. Reads no catalog. checkSource tries the hops to the sources.
 *
 * @throws ConfigError when there is no such extraction
 */
export async function checkExtraction(options: CheckExtractionOptions): Promise<CheckResult[]> {
  const { config, job, output, signal, sleep, onCheck, onStep } = options;
  const found = findExtraction(config, job);
  await using workspace = await createWorkspace(options.workFolder);
  const { folder } = workspace;
  const refusals = new RefusedLogins();
  const results: CheckResult[] = [];
  const add = (...those: CheckResult[]) => {
    results.push(...those);
    for (const result of those) onCheck?.(result);
  };
  const waiting = { signal, sleep, onStep };
  await checkCatalogs({ refusals, ...options, ...found }, folder, { waiting, results, add });
  onStep?.('output');
  await checkOutput(output, { ...found, signal }, add);
  return results;
}

/** How a lock of the catalog is waited for, and who is told what is tried. */
interface Waiting extends Pick<CheckExtractionOptions, 'signal' | 'sleep' | 'onStep'> {}

type Add = (...results: CheckResult[]) => void;

async function checkCatalogs(
  work: PlanWork,
  folder: string,
  { waiting, results, add }: { waiting: Waiting; results: readonly CheckResult[]; add: Add },
): Promise<void> {
  const { signal, onStep } = waiting;
  await using sessions = new CatalogSessions({ ...work, folder: join(folder, 'databases'), signal });
  let planned: PlannedSource[];
  try {
    planned = await planDatabases(
      {
        folder,
        signal,
        retry: (attempt) => retryLockedCatalog(waiting, attempt),
        tryFirst: async (attempt) => ({ result: await retryLockedCatalog(waiting, attempt) }),
        phase: (name, attempt) => {
          onStep?.(name);
          return attempt();
        },
      },
      { ...work, engine: sessions.engine },
    );
  } catch (error) {
    signal.throwIfAborted();
    add(failedCheck('databases', error));
    return;
  }
  const stepOf = countDatabases(planned);
  const leftOut: LeftOut[] = [];
  const unmatched = failsApart(work) ? new UnmatchedEntries() : undefined;
  for (const plan of planned) {
    const { name: source, error } = plan;
    if (plan.leftOut !== undefined) leftOut.push({ source, miss: plan.leftOut });
    if (error) add(failedCheck(`${source}: databases`, error));
    else await checkDatabases({ ...work, unmatched }, plan, { leftOut, sessions, waiting, add, stepOf });
    await sessions.leave();
  }
  if (results.length === 0) {
    add(failedCheck('databaseSchemaCheck', nothingLeft(leftOut)));
    return;
  }
  for (const plan of planned) add(...checkUnread(work, plan, unmatched));
  if (leftOut.length > 0) add({ check: 'filters', status: 'warning', detail: describeLeftOut(leftOut) });
}

/** The position of a database among all, with its name. */
function countDatabases(planned: readonly PlannedSource[]): (label: string) => string {
  const total = planned.reduce((sum, { databases }) => sum + databases.length, 0);
  let current = 0;
  return (label) => {
    current += 1;
    return total > 1 ? `${formatCount(current)} of ${formatCount(total)}  ${label}` : label;
  };
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
  {
    leftOut,
    sessions,
    waiting,
    add,
    stepOf,
  }: {
    leftOut: LeftOut[];
    sessions: CatalogSessions;
    waiting: Waiting;
    add: Add;
    stepOf: (label: string) => string;
  },
): Promise<void> {
  const { name: source, databases, reached } = plan;
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
      add(skippedCheck(login));
      continue;
    }
    waiting.onStep?.(stepOf(labelOf(source, database)));
    const names = { database, next: databases[index + 1] };
    const checked = await retryLockedCatalog(waiting, () => checkDatabase(work, plan, names, sessions)).catch(
      (error: unknown) => {
        waiting.signal.throwIfAborted();
        return { error };
      },
    );
    gone = (await ofSource?.('error' in checked ? checked.error : undefined)) !== undefined;
    if ('leftOut' in checked) leftOut.push({ source, database, miss: checked.leftOut });
    else if ('error' in checked) add(failedCheck(login, checked.error));
    else add(...checked);
  }
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
  add: Add,
): Promise<void> {
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
  let failed = false;
  for (const [check, step] of steps) {
    signal.throwIfAborted();
    if (failed) {
      add(skippedCheck(check));
      continue;
    }
    try {
      add({ check, status: 'ok', detail: await step() });
    } catch (error) {
      failed = check === steps[0]?.[0];
      add(failedCheck(check, error));
    }
  }
}
