import { rm } from 'node:fs/promises';
import { ConfigError } from '../../errors.ts';
import type { JobContext } from '../../runs/job.ts';
import type { EntityFolder } from '../../source/catalog/entity-folders.ts';
import { formatCount } from '../../text/format.ts';
import type { CatalogSessions } from '../catalog/catalog-sessions.ts';
import { scopeIn } from '../catalog/open-catalog-session.ts';
import { type Preflight, runPreflight, whyLeftOut } from '../catalog/preflight.ts';
import type { ExtractedDatabase, extractDatabase } from '../extract-database.ts';
import type { ExtractDatabaseOptions } from '../extract-options.ts';
import type { ExtractionWork } from '../extraction-work.ts';
import type { SharedRawWriter } from '../files/shared-raw-writer.ts';
import { FILE_FORMATS } from '../output/layout.ts';
import { WholeJobError } from '../whole-job-error.ts';
import { labelOf } from './database-label.ts';
import { fitToDatabase, type PlannedSource, placeOf } from './plan-databases.ts';
import type { UnmatchedEntries } from './unread-databases.ts';

/**
 * What was read of a database. `leftOut`: nothing, because the filters leave nothing of it, in the words of
 * whyLeftOut().
 */
export type ReadDatabase = (ExtractedDatabase & { folder: string }) | { leftOut: string };

/** The tools for reading a run's databases, one after another. */
export interface ReadingTools {
  work: ExtractionWork;
  sessions: CatalogSessions;
  rawWriter: SharedRawWriter;
  extract: typeof extractDatabase;
  /** Absent where an entry of `include` without a database fails the job, as in Atlan's app. */
  unmatched?: UnmatchedEntries | undefined;
}

/** A database, its position among all, and the one of the same source that is read after it. */
export interface DatabaseToRead {
  database: string;
  step?: string | undefined;
  next: string | undefined;
}

/**
 * Checks a database and reads its catalog into files in the run's private folder, which the caller removes.
 *
 * @param place.step its position among all databases, such as `12 of 300`
 * @param place.next the database of the same source that is read after this one: its connection is opened meanwhile
 * @param place.attempt tries it, once or more often
 * @throws WholeJobError when a filter is not a valid regular expression, else what is wrong with this database
 */
export async function readDatabase<T>(
  context: JobContext,
  plan: PlannedSource,
  { login, connection }: NonNullable<PlannedSource['reached']>,
  {
    database,
    step,
    next,
    attempt,
  }: DatabaseToRead & { attempt: (work: () => Promise<ReadDatabase>) => Promise<T> },
  { work, sessions, rawWriter, extract, unmatched }: ReadingTools,
): Promise<T> {
  const { extraction, workflowId, config } = work;
  const { name, written } = plan;
  return attempt(() =>
    context.phase(
      labelOf(name, database),
      async (): Promise<ReadDatabase> => {
        const { session, folder } = await sessions.open(placeOf(plan, login, database));
        if (next !== undefined) sessions.openAhead(placeOf(plan, login, next));
        let read: ReadDatabase | undefined;
        try {
          const scope = scopeIn(session);
          const { filters, ...names } = await fitToDatabase(scope, extraction, plan, database);
          const preflight = await runPreflight(scope, filters, {
            onlySource: work.sources.length === 1,
            minimumVersion: config.atlan.minimumVersion,
            apart: unmatched && ((entries) => unmatched.note(entries)),
            ...names,
          }).catch(asWholeJob);
          const leftOut = await whyLeftOut(scope, filters, preflight, names.databaseName);
          if (leftOut !== undefined) return { leftOut };
          assertPassed(preflight);
          // Of many databases, the numbers of each type would say nothing without its name, and too much with it.
          const types = step === undefined ? tellTypes(context) : undefined;
          const extracted = await extract({
            session,
            connection,
            knownAs: plan.bytes?.has(database) ? database : undefined,
            filteredAs: names.databaseName,
            writtenAs: written?.get(database),
            tenantId: config.atlan.tenant,
            workflowId,
            runId: context.runId,
            filters,
            tablePartitions: extraction.tablePartitions,
            details: extraction.details,
            rawWriter,
            ...FILE_FORMATS[extraction.output.layout],
            ...(types ? { onProgress: types.onProgress } : {}),
            tell: context.tell,
            signal: context.signal,
          });
          types?.end();
          if (step !== undefined)
            context.tell(`${labelOf(name, database)}  ${countEntities(extracted.entities)}`);
          read = { ...extracted, folder };
          return read;
        } finally {
          session.close();
          if (read === undefined) await rm(folder, { recursive: true, force: true });
        }
      },
      (read) => {
        const what =
          'leftOut' in read ? 'left out: no entry of include matches it' : countEntities(read.entities);
        return step === undefined ? what : `${what}, ${step}`;
      },
      step,
    ),
  );
}

export const sumBytes = (files: readonly { bytes: number }[]) =>
  files.reduce((sum, { bytes }) => sum + bytes, 0);

const countEntities = (entities: Readonly<Record<string, number>>) =>
  formatCount(sumOf(entities), 'entity', 'entities');

export const sumOf = (entities: Readonly<Record<string, number>>) =>
  Object.values(entities).reduce((sum, count) => sum + count, 0);

/** Reports how many entities of each type there were, once a type is done. */
function tellTypes(context: Pick<JobContext, 'tell'>): {
  onProgress: NonNullable<ExtractDatabaseOptions['onProgress']>;
  end: () => void;
} {
  let current: { type: EntityFolder; rows: number } | undefined;
  const end = () => {
    if (current) context.tell(`${current.type.padEnd(18)}${formatCount(current.rows).padStart(12)}`);
    current = undefined;
  };
  return {
    onProgress(progress) {
      if (progress.type !== current?.type) end();
      current = progress;
    },
    end,
  };
}

function asWholeJob(error: unknown): never {
  throw error instanceof ConfigError ? new WholeJobError(error) : error;
}

function assertPassed(preflight: Preflight): void {
  for (const check of Object.values(preflight) as Preflight[keyof Preflight][]) {
    if (!check.success) {
      throw new ConfigError(`${check.failureMessage}.`, {
        hint: 'Check the filters, the login’s privileges and the server’s version; ferry tree lists the databases and schemas that exist.',
      });
    }
  }
}
