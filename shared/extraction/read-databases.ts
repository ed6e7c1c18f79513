import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SourceUnavailableError, toFerryError } from '../errors.ts';
import { assertReachable } from '../network/reachability.ts';
import type { JobContext } from '../runs/job.ts';
import { dialectOf } from '../source/registry.ts';
import { formatBytes, formatCount } from '../text/format.ts';
import type { CatalogSessions } from './catalog/catalog-sessions.ts';
import type { ExtractedDatabase, extractDatabase } from './extract-database.ts';
import type { ExtractionWork } from './extraction-work.ts';
import { SharedRawWriter } from './files/shared-raw-writer.ts';
import { describeLeftOut, type LeftOut, nothingLeft } from './left-out.ts';
import { failedOutcome, type Outcome, toRecord } from './outcome.ts';
import type { Publisher } from './output/publish-files.ts';
import type { PlannedSource } from './plan-databases.ts';
import { labelOf, type ReadDatabase, type ReadingTools, readDatabase, sumBytes } from './read-database.ts';
import { watchSignIn } from './watch-sign-in.ts';
import { WholeJobError } from './whole-job-error.ts';

const PROBE_TIMEOUT_MS = 3_000;

/** Reads and publishes one database after another; one that fails stops no other. */
export async function readDatabases(
  context: JobContext,
  work: ExtractionWork,
  planned: readonly PlannedSource[],
  sessions: CatalogSessions,
  publisher: Publisher,
  extract: typeof extractDatabase,
): Promise<{ outcomes: Outcome[]; warnings: string[] }> {
  const outcomes: Outcome[] = [];
  const leftOut: LeftOut[] = [];
  const warnings: string[] = [];
  const note = () => context.note({ databases: outcomes.map(toRecord) });
  using rawWriter = new SharedRawWriter({
    folder: join(context.folder, 'raw-writer'),
    files: sessions.folder,
    memoryLimitBytes: work.memoryLimitBytes,
  });
  const tools = { sessions, rawWriter };
  const stepOf = countSteps(planned);
  for (const plan of planned) {
    const { name, reached, databases, error } = plan;
    if (plan.leftOut !== undefined) leftOut.push({ source: name, miss: plan.leftOut });
    if (!reached || error) {
      outcomes.push(failedOutcome(name, undefined, error));
      context.tell(`${name} failed: ${toFerryError(error).message}`);
    } else {
      // Why the source itself is away, or lets nobody in: its other databases are not tried.
      let gone: unknown;
      const isKeptOut = watchSignIn(work.extraction.databases === 'all');
      for (const [index, database] of databases.entries()) {
        const place = { database, step: stepOf(), next: databases[index + 1] };
        const extracted = gone
          ? { error: gone }
          : await tryRead(context, work, plan, reached, place, tools, extract);
        const keptOut = isKeptOut('error' in extracted ? extracted.error : undefined);
        if ('error' in extracted) {
          outcomes.push(failedOutcome(name, database, extracted.error));
          context.tell(`${labelOf(name, database)} failed: ${toFerryError(extracted.error).message}`);
          gone ??= keptOut ? extracted.error : await errorOfSource(context, plan, reached, extracted.error);
        } else if ('leftOut' in extracted) {
          leftOut.push({ source: name, database, miss: extracted.leftOut });
        } else {
          await publish(context, publisher, name, extracted);
          const { serverVersion, entities } = extracted;
          outcomes.push({ source: name, database, state: 'extracted', serverVersion, entities });
          for (const warning of extracted.warnings) warnings.push(`${labelOf(name, database)}: ${warning}`);
        }
        note();
      }
    }
    note();
    await sessions.leave();
    await context.leaveSource(name);
  }
  if (outcomes.length === 0) throw nothingLeft(leftOut);
  if (leftOut.length > 0) warnings.push(describeLeftOut(leftOut));
  for (const warning of warnings) context.warn(warning);
  return { outcomes, warnings };
}

/** Which database of all it is, each time that it is called; nothing where there is one only. */
function countSteps(planned: readonly PlannedSource[]): () => string | undefined {
  const total = planned.reduce((sum, { databases }) => sum + databases.length, 0);
  let current = 0;
  return () => {
    current += 1;
    return total > 1 ? `${formatCount(current)} of ${formatCount(total)}` : undefined;
  };
}

async function tryRead(
  context: JobContext,
  work: ExtractionWork,
  plan: PlannedSource,
  reached: NonNullable<PlannedSource['reached']>,
  place: Parameters<typeof readDatabase>[4],
  tools: ReadingTools,
  extract: typeof extractDatabase,
): Promise<ReadDatabase | { error: unknown }> {
  try {
    return await readDatabase(context, work, plan, reached, place, tools, extract);
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof WholeJobError) throw error.error;
    return { error };
  }
}

/** @returns the error, where it means that the whole source is away; a server may also break off what one database asks of it */
async function errorOfSource(
  { signal }: JobContext,
  { source }: PlannedSource,
  { login }: NonNullable<PlannedSource['reached']>,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof SourceUnavailableError)) return undefined;
  try {
    const { probe } = dialectOf(source.type);
    await assertReachable(login, {
      timeoutMs: PROBE_TIMEOUT_MS,
      probe: async (socket) => probe?.(socket, login, source.tls.mode),
      signal,
    });
    return undefined;
  } catch {
    signal.throwIfAborted();
    return error;
  }
}

async function publish(
  context: JobContext,
  publisher: Publisher,
  source: string,
  extracted: ExtractedDatabase & { folder: string },
): Promise<void> {
  await context.phase(
    'publish',
    async () => {
      await context.confirmLease();
      await publisher.publish(source, extracted);
      await rm(extracted.folder, { recursive: true, force: true });
    },
    () => `${formatCount(extracted.files.length, 'file')}, ${formatBytes(sumBytes(extracted.files))}`,
  );
}
