import { join } from 'node:path';
import { type AtlanConnection, connectionOf } from '../../config/atlan-connection.ts';
import { ConfigError, type FerryError, toFerryError } from '../../errors.ts';
import type { JobContext } from '../../runs/job.ts';
import type { FailedTry } from '../../runs/retry.ts';
import { catalogOf } from '../../source/catalog/catalog-registry.ts';
import type { CatalogScope } from '../../source/catalog/catalog-scope.ts';
import { type CatalogFilters, mapFilters, textsOf } from '../../source/catalog/filters.ts';
import { type Login, resolveLogin } from '../../source/credentials/credentials.ts';
import type { JobReading } from '../../source/job-reading.ts';
import { dialectOf } from '../../source/registry.ts';
import type { SourceEngine } from '../../source/sessions/source-engine.ts';
import { formatCount } from '../../text/format.ts';
import type { DatabasePlace } from '../catalog/catalog-sessions.ts';
import { fitLetters } from '../catalog/fit-letters.ts';
import { openCatalogSession, scopeIn } from '../catalog/open-catalog-session.ts';
import { runPreflight } from '../catalog/preflight.ts';
import type { ExtractionWork } from '../extraction-work.ts';
import { WholeJobError } from '../whole-job-error.ts';
import { escapeDatabaseNames } from './escape-database-names.ts';
import type { UnreadDatabase } from './unread-databases.ts';

/** A source that is about to be read. */
export interface PlannedSource {
  name: string;
  source: ExtractionWork['sources'][number]['source'];
  /** Absent when its secret cannot be read, or is incomplete. */
  reached?: { login: Login; connection: AtlanConnection };
  databases: string[];
  /** The server's bytes for those databases whose names are not stored in UTF-8. */
  bytes?: ReadonlyMap<string, Buffer>;
  /** How databases appear in qualifiedNames, if that differs from their names. */
  written?: ReadonlyMap<string, string>;
  /** With `databases: all`, those that it may not connect to, although the filters select them. */
  unread?: UnreadDatabase[];
  /** Why the filters leave none of its databases. */
  leftOut?: string;
  /** Why nothing of it can be read. */
  error?: FerryError;
  /** That it could not be asked for its databases, and may be later ({@link planAgain}). */
  left?: FailedTry;
}

export type PlanContext = Pick<JobContext, 'folder' | 'signal' | 'retry' | 'tryFirst' | 'phase'> & {
  /** The run that signs in; absent for a check. */
  runId?: string;
};
export type PlanWork = JobReading &
  Pick<ExtractionWork, 'extraction' | 'sources'> & { engine?: SourceEngine };

/**
 * Finds out which databases an extraction reads, and how Atlan knows them. A source that cannot be asked is planned
 * with its error; the others are read anyway.
 *
 * @throws ConfigError when a filter is not a valid regular expression, or two sources would write entities with the
 *   same names
 */
export async function planDatabases(context: PlanContext, work: PlanWork): Promise<PlannedSource[]> {
  const planned: PlannedSource[] = [];
  for (const { name, source } of work.sources) {
    const plan: PlannedSource = { name, source, databases: [] };
    planned.push(plan);
    await fillIn(plan, context, work, async (ask) => {
      const asked = await context.tryFirst(ask);
      if ('result' in asked) return asked.result;
      plan.left = asked.left;
      return { databases: [] };
    });
  }
  settleNames(planned);
  return planned;
}

/** Asks a source again that was left for later. Its plan then has its databases, or the error. */
export async function planAgain(
  context: PlanContext,
  work: PlanWork,
  plan: PlannedSource,
  planned: readonly PlannedSource[],
): Promise<void> {
  const { left } = plan;
  delete plan.left;
  await fillIn(plan, context, work, (ask) => context.retry(ask, left));
  settleNames(planned);
}

type Names = Pick<PlannedSource, 'databases' | 'bytes' | 'unread' | 'leftOut'>;
type Asking = (ask: () => Promise<Names>) => Promise<Names>;

async function fillIn(
  plan: PlannedSource,
  context: PlanContext,
  work: PlanWork,
  asking: Asking,
): Promise<void> {
  const { name, source } = plan;
  try {
    const { defaultPort } = dialectOf(source);
    const run = { job: work.job, ...(context.runId === undefined ? {} : { runId: context.runId }) };
    const login = await context.retry(() => resolveLogin(name, source, work.secrets, defaultPort, run));
    const { tenant } = work.config.atlan;
    plan.reached = { login, connection: connectionOf({ name, source, login, tenant }) };
    const folder = join(context.folder, `list-${work.sources.findIndex((one) => one.name === name)}`);
    Object.assign(plan, await namesOf(context, work, plan, login, { folder, asking }));
  } catch (thrown) {
    context.signal.throwIfAborted();
    if (thrown instanceof WholeJobError) throw thrown.error;
    plan.error = toFerryError(thrown);
  }
}

function settleNames(planned: readonly PlannedSource[]): void {
  assertApart(planned);
  for (const sameServer of Map.groupBy(
    planned,
    ({ reached }) => reached?.connection.qualifiedName,
  ).values()) {
    const written = escapeDatabaseNames(sameServer.flatMap(({ databases }) => databases));
    for (const plan of sameServer) plan.written = written;
  }
}

async function namesOf(
  context: PlanContext,
  work: PlanWork,
  { name, source }: PlannedSource,
  login: Login,
  { folder, asking }: { folder: string; asking: Asking },
): Promise<Names> {
  const { databases } = work.extraction;
  if (databases !== 'all')
    return { databases: [...new Set(databases ?? [catalogOf(source).place.own(login)])] };
  return asking(() =>
    context.phase(
      `${name}: databases`,
      async () => {
        const session = await openCatalogSession({ ...work, source, login, folder, signal: context.signal });
        try {
          const scope = scopeIn(session);
          const adapt = await fitLetters(scope, textsOf(work.extraction));
          const filters = mapFilters(work.extraction, adapt);
          const found = await scope.listDatabases(filters);
          if (found.length > 0) {
            const closed = (await scope.closedDatabases?.(filters)) ?? [];
            return {
              unread: closed.map(({ name: database, why }) => ({ database, reason: why })),
              databases: found.map(({ name: database }) => database),
              bytes: new Map(
                found.flatMap(({ name: database, bytes }) =>
                  bytes === undefined ? [] : [[database, bytes]],
                ),
              ),
            };
          }
          const onlySource = work.sources.length === 1;
          const { databaseSchemaCheck: check } = await runPreflight(scope, work.extraction, { onlySource });
          const none = `The filters leave no database of the source ${name} that its login may connect to`;
          return { databases: [], leftOut: check.success ? none : check.failureMessage };
        } catch (error) {
          throw error instanceof ConfigError ? new WholeJobError(error) : error;
        } finally {
          session.close();
        }
      },
      (plan) =>
        plan.leftOut === undefined
          ? formatCount(plan.databases.length, 'database')
          : 'none that the filters keep',
    ),
  );
}

/** How to sign in to one of a source's databases. */
export function placeOf({ source, bytes }: PlannedSource, login: Login, database: string): DatabasePlace {
  return { source, login: catalogOf(source).place.loginFor(login, database, bytes?.get(database)) };
}

/** The filters, and names that they match, in letters that the database accepts. */
export async function fitToDatabase(
  scope: CatalogScope,
  { include, exclude, tempTableRegex }: CatalogFilters,
  { databases, bytes }: PlannedSource,
  database: string,
): Promise<{ filters: CatalogFilters; databaseName: string; otherNames: string[] }> {
  const filters = { include, exclude, tempTableRegex };
  const odd = databases.filter((name) => bytes?.has(name) || Buffer.byteLength(name) > name.length);
  const adapt = await fitLetters(scope, [...textsOf(filters), database, ...odd]);
  return {
    filters: mapFilters(filters, adapt),
    databaseName: adapt(database),
    otherNames: odd.filter((name) => name !== database).map(adapt),
  };
}

/** Atlan distinguishes databases only by the connection and their name. */
function assertApart(planned: readonly PlannedSource[]): void {
  const owners = new Map<string, string>();
  for (const { name, reached, databases } of planned) {
    for (const database of reached ? databases : []) {
      const qualifiedName = `${reached?.connection.qualifiedName}/${database}`;
      const owner = owners.get(qualifiedName);
      if (owner !== undefined) {
        throw new ConfigError(
          `The sources ${owner} and ${name} would both write the database ${qualifiedName}: Atlan could not distinguish their assets.`,
          {
            hint: `If they are the same server, leave one out, or let each read different databases. Otherwise, give them different names: sources.${name}.connection.qualifiedName.`,
          },
        );
      }
      owners.set(qualifiedName, name);
    }
  }
}
