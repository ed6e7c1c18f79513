import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SourceUnavailableError, toFerryError } from '../errors.ts';
import { assertReachable } from '../network/reachability.ts';
import type { JobContext } from '../runs/job.ts';
import { dialectOf } from '../source/registry.ts';
import { warnOfSuperuser } from '../source/warn-of-superuser.ts';
import { formatBytes, formatCount } from '../text/format.ts';
import type { ExtractedDatabase } from './extract-database.ts';
import { SharedRawWriter } from './files/shared-raw-writer.ts';
import { describeLeftOut, type LeftOut, nothingLeft } from './left-out.ts';
import { failedOutcome, type Outcome, toRecord } from './outcome.ts';
import type { Publisher } from './output/publish-files.ts';
import type { PlannedSource } from './plan-databases.ts';
import { labelOf, type ReadDatabase, type ReadingTools, readDatabase, sumBytes } from './read-database.ts';
import { describeUnread, failsApart, UnmatchedEntries } from './unread-databases.ts';
import { watchSignIn } from './watch-sign-in.ts';
import { WholeJobError } from './whole-job-error.ts';

const PROBE_TIMEOUT_MS = 3_000;

/** The results so far, of all databases. */
interface Findings {
  outcomes: Outcome[];
  leftOut: LeftOut[];
  warnings: string[];
}

/** What reading any database requires. */
interface Reading {
  context: JobContext;
  publisher: Publisher;
  tools: ReadingTools;
  /** The position of the database among all, counted up with each call. */
  stepOf: () => string | undefined;
  findings: Findings;
}

/** Reads and publishes one database after another. A failure of one does not stop the others. */
export async function readDatabases(
  context: JobContext,
  planned: readonly PlannedSource[],
  publisher: Publisher,
  reader: Omit<ReadingTools, 'rawWriter' | 'unmatched'>,
): Promise<{ outcomes: Outcome[]; warnings: string[] }> {
  const { sessions, work } = reader;
  using rawWriter = new SharedRawWriter({
    folder: join(context.folder, 'raw-writer'),
    files: sessions.folder,
    memoryLimitBytes: work.memoryLimitBytes,
  });
  const findings: Findings = { outcomes: [], leftOut: [], warnings: [] };
  const stepOf = countSteps(planned);
  const unmatched = failsApart(work) ? new UnmatchedEntries() : undefined;
  const tools = { ...reader, rawWriter, unmatched };
  const reading: Reading = { context, publisher, tools, stepOf, findings };
  for (const plan of planned) {
    const { name, reached, error } = plan;
    if (plan.leftOut !== undefined) findings.leftOut.push({ source: name, miss: plan.leftOut });
    if (reached && !error) await readSource(reading, plan, reached);
    else noteFailure(reading, name, undefined, error);
    noteOutcomes(reading);
    await sessions.leave();
    await context.leaveSource(name);
  }
  const { outcomes, leftOut, warnings } = findings;
  if (outcomes.length === 0) throw nothingLeft(leftOut);
  for (const plan of planned) noteUnread(reading, plan);
  if (leftOut.length > 0) warnings.push(describeLeftOut(leftOut));
  for (const warning of warnings) context.warn(warning);
  return { outcomes, warnings };
}

/** What was not even tried: entries of `include` without a database fail, and others that are closed are told. */
function noteUnread(reading: Reading, { name, unread = [] }: PlannedSource): void {
  const { tools, findings } = reading;
  const known = new Set(findings.outcomes.map(({ database = '' }) => database));
  const failures = tools.unmatched?.failures(tools.work.extraction.include, unread, known) ?? [];
  for (const { database, error } of failures) noteFailure(reading, name, database, error);
  if (failures.length > 0) noteOutcomes(reading);
  const others = unread.filter(({ database }) => !failures.some((failed) => failed.database === database));
  if (others.length > 0) findings.warnings.push(describeUnread(name, others));
}

/**
 * Reads the databases of one source. Once the source is unreachable, or refuses the login, its other databases are not
 * tried.
 */
async function readSource(
  reading: Reading,
  plan: PlannedSource,
  reached: NonNullable<PlannedSource['reached']>,
): Promise<void> {
  const { context, tools, findings } = reading;
  const { name, databases } = plan;
  let gone: unknown;
  const isKeptOut = watchSignIn(tools.work.extraction.databases === 'all');
  for (const [index, database] of databases.entries()) {
    const place = { database, step: reading.stepOf(), next: databases[index + 1] };
    const read = gone ? { error: gone } : await tryRead(reading, plan, reached, place);
    const keptOut = isKeptOut('error' in read ? read.error : undefined);
    if ('error' in read) {
      noteFailure(reading, name, database, read.error);
      gone ??= keptOut ? read.error : await errorOfSource(context, plan, reached, read.error);
    } else if ('leftOut' in read) {
      findings.leftOut.push({ source: name, database, miss: read.leftOut });
    } else {
      await publish(reading, name, database, read);
    }
    noteOutcomes(reading);
  }
}

function noteFailure(
  { context, findings }: Reading,
  source: string,
  database: string | undefined,
  error: unknown,
): void {
  findings.outcomes.push(failedOutcome(source, database, error));
  context.tell(`${labelOf(source, database)} failed: ${toFerryError(error).message}`);
}

const noteOutcomes = ({ context, findings }: Reading) =>
  context.note({ databases: findings.outcomes.map(toRecord) });

/** The position of the database among all, counted up with each call; undefined when there is only one. */
function countSteps(planned: readonly PlannedSource[]): () => string | undefined {
  const total = planned.reduce((sum, { databases }) => sum + databases.length, 0);
  let current = 0;
  return () => {
    current += 1;
    return total > 1 ? `${formatCount(current)} of ${formatCount(total)}` : undefined;
  };
}

async function tryRead(
  { context, tools }: Reading,
  plan: PlannedSource,
  reached: NonNullable<PlannedSource['reached']>,
  place: Parameters<typeof readDatabase>[3],
): Promise<ReadDatabase | { error: unknown }> {
  try {
    return await readDatabase(context, plan, reached, place, tools);
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof WholeJobError) throw error.error;
    return { error };
  }
}

/** @returns the error if the whole source is unreachable. A server may also interrupt what one database asks of it */
async function errorOfSource(
  { signal }: JobContext,
  { source }: PlannedSource,
  { login }: NonNullable<PlannedSource['reached']>,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof SourceUnavailableError)) return undefined;
  try {
    const { probe } = dialectOf(source);
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
  { context, publisher, findings }: Reading,
  source: string,
  database: string,
  extracted: ExtractedDatabase & { folder: string },
): Promise<void> {
  const { serverVersion, entities, files, warnings, superuser } = extracted;
  await context.phase(
    'publish',
    async () => {
      await context.confirmLease();
      await publisher.publish(source, extracted);
      await rm(extracted.folder, { recursive: true, force: true });
    },
    () => `${formatCount(files.length, 'file')}, ${formatBytes(sumBytes(files))}`,
  );
  findings.outcomes.push({ source, database, state: 'extracted', serverVersion, entities });
  for (const warning of warnings) findings.warnings.push(`${labelOf(source, database)}: ${warning}`);
  // About the source, and not about what was written: it is in the run's record, and in no manifest.
  const told = warnOfSuperuser(source, superuser);
  if (told !== undefined) context.warn(told);
}
