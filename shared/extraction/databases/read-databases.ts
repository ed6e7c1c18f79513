import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { toFerryError } from '../../errors.ts';
import type { JobContext } from '../../runs/job.ts';
import type { FailedTry } from '../../runs/retry.ts';
import { warnOfSuperuser } from '../../source/warn-of-superuser.ts';
import { formatBytes, formatCount } from '../../text/format.ts';
import type { ExtractedDatabase } from '../extract-database.ts';
import { SharedRawWriter } from '../files/shared-raw-writer.ts';
import { failedOutcome, type Outcome, toRecord } from '../outcome.ts';
import type { Publisher } from '../output/publish-files.ts';
import { WholeJobError } from '../whole-job-error.ts';
import { labelOf } from './database-label.ts';
import { describeLeftOut, type LeftOut, nothingLeft } from './left-out.ts';
import type { PlannedSource } from './plan-databases.ts';
import {
  type DatabaseToRead,
  type ReadDatabase,
  type ReadingTools,
  readDatabase,
  sumBytes,
} from './read-database.ts';
import { describeUnread, failsApart, UnmatchedEntries } from './unread-databases.ts';
import { watchSource } from './watch-source.ts';

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

/** A source of which something failed that may pass, and is read again when all others have been read. */
interface LeftForLater {
  plan: PlannedSource;
  /** Absent when it could not be asked for its databases. */
  reading?: { reached: Reached; databases: readonly LeftDatabase[] };
}

type LeftDatabase = DatabaseToRead & { before: FailedTry };
type Reached = NonNullable<PlannedSource['reached']>;

/**
 * Reads and publishes one database after another. A failure of one does not stop the others, and one that may pass is
 * tried again when the others have been read: they do not wait for a server that is down.
 *
 * @param reader.planAgain asks a source for its databases that could not be asked before
 */
export async function readDatabases(
  context: JobContext,
  planned: readonly PlannedSource[],
  publisher: Publisher,
  {
    planAgain,
    ...reader
  }: Omit<ReadingTools, 'rawWriter' | 'unmatched'> & { planAgain: (plan: PlannedSource) => Promise<void> },
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
  const leave = async (name: string) => {
    noteOutcomes(reading);
    await context.leaveSource(name);
  };
  const later: LeftForLater[] = [];
  for (const plan of planned) {
    const left = plan.left ? { plan } : await readPlanned(reading, plan);
    await sessions.leave();
    if (!left) await leave(plan.name);
    else later.push(left);
  }
  for (const { plan, reading: begun } of later) {
    if (begun) await readLeft(reading, plan, begun);
    else {
      await planAgain(plan);
      await readPlanned(reading, plan, (attempt) => retried(context, attempt));
    }
    await sessions.leave();
    await leave(plan.name);
  }
  const { outcomes, leftOut, warnings } = findings;
  if (later.length > 0) outcomes.sort(asPlanned(planned));
  if (outcomes.length === 0) throw nothingLeft(leftOut);
  for (const plan of planned) noteUnread(reading, plan);
  if (leftOut.length > 0) warnings.push(describeLeftOut(leftOut));
  for (const warning of warnings) context.warn(warning);
  return { outcomes, warnings };
}

/** The order in which sources and their databases are planned. */
function asPlanned(planned: readonly PlannedSource[]): (one: Outcome, other: Outcome) => number {
  const labels = planned.flatMap(({ name, databases }) => [
    name,
    ...databases.map((one) => labelOf(name, one)),
  ]);
  const places = new Map(labels.map((label, place) => [label, place]));
  const placeOf = ({ source, database }: Outcome) => places.get(labelOf(source, database)) ?? labels.length;
  return (one, other) => placeOf(one) - placeOf(other);
}

/** @returns what is left for later */
async function readPlanned(
  reading: Reading,
  plan: PlannedSource,
  attempt: Attempt = reading.context.tryFirst,
): Promise<LeftForLater | undefined> {
  const { name, reached, error } = plan;
  if (plan.leftOut !== undefined) reading.findings.leftOut.push({ source: name, miss: plan.leftOut });
  if (reached && !error) return readSource(reading, plan, reached, attempt);
  noteFailure(reading, name, undefined, error);
  return undefined;
}

type Attempt = <T>(work: () => Promise<T>) => Promise<{ result: T } | { left: FailedTry }>;

const retried = async <T>(context: JobContext, work: () => Promise<T>, before?: FailedTry) => ({
  result: await context.retry(work, before),
});

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
 *
 * @returns those that are left for later
 */
async function readSource(
  reading: Reading,
  plan: PlannedSource,
  reached: Reached,
  attempt: Attempt,
): Promise<LeftForLater | undefined> {
  const { context } = reading;
  const { name, databases } = plan;
  const places = databases.map((database, index) => ({ database, next: databases[index + 1] }));
  const left: LeftDatabase[] = [];
  let gone: unknown;
  const ofSource = watchReached(reading, plan, reached);
  for (const [index, named] of places.entries()) {
    const place = { ...named, step: reading.stepOf(), attempt };
    const read = gone ? { error: gone } : await tryRead(reading, plan, reached, place);
    if (!('left' in read)) {
      gone ??= await ofSource('error' in read ? read.error : undefined);
      await noteRead(reading, name, place.database, read);
      continue;
    }
    const { left: before } = read;
    const isAway = (await ofSource(before.error)) !== undefined;
    const others = isAway ? places.slice(index + 1) : [];
    left.push({ ...place, before }, ...others.map((one) => ({ ...one, step: reading.stepOf(), before })));
    if (place.step !== undefined)
      context.tell(
        `${labelOf(name, isAway ? undefined : place.database)} comes last: ${before.error.message}`,
      );
    if (isAway) break;
  }
  return left.length === 0 ? undefined : { plan, reading: { reached, databases: left } };
}

const watchReached = ({ context, tools }: Reading, plan: PlannedSource, { login }: Reached) =>
  watchSource(plan, login, {
    wasLetIn: tools.work.extraction.databases === 'all',
    signal: context.signal,
  });

/** Reads those that were left for later. Once one of them has waited in vain for the source, the others fail with it. */
async function readLeft(
  reading: Reading,
  plan: PlannedSource,
  { reached, databases }: NonNullable<LeftForLater['reading']>,
): Promise<void> {
  let gone: unknown;
  const ofSource = watchReached(reading, plan, reached);
  for (const { before, ...place } of databases) {
    const attempt: Attempt = (work) => retried(reading.context, work, before);
    const read = gone ? { error: gone } : await tryRead(reading, plan, reached, { ...place, attempt });
    if ('left' in read) continue;
    gone ??= await ofSource('error' in read ? read.error : undefined);
    await noteRead(reading, plan.name, place.database, read);
  }
}

async function noteRead(
  reading: Reading,
  source: string,
  database: string,
  read: ReadDatabase | { error: unknown },
): Promise<void> {
  if ('error' in read) noteFailure(reading, source, database, read.error);
  else if ('leftOut' in read) reading.findings.leftOut.push({ source, database, miss: read.leftOut });
  else await publish(reading, source, database, read);
  noteOutcomes(reading);
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
  let current = 0;
  return () => {
    // A source that was asked later adds its databases.
    const total = planned.reduce((sum, { databases }) => sum + databases.length, 0);
    current += 1;
    return total > 1 ? `${formatCount(current)} of ${formatCount(total)}` : undefined;
  };
}

async function tryRead(
  { context, tools }: Reading,
  plan: PlannedSource,
  reached: Reached,
  place: DatabaseToRead & { attempt: Attempt },
): Promise<ReadDatabase | { error: unknown } | { left: FailedTry }> {
  try {
    const attempt = (work: () => Promise<ReadDatabase>) => place.attempt(work);
    const read = await readDatabase(context, plan, reached, { ...place, attempt }, tools);
    return 'left' in read ? read : read.result;
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof WholeJobError) throw error.error;
    return { error };
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
