import { rm } from 'node:fs/promises';
import { SourceUnavailableError, toFerryError } from '../errors.ts';
import { type JobContext, type JobResult, runJob } from '../runs/run-job.ts';
import type { DatabaseOutcome, RunRecord } from '../runs/run-record.ts';
import { dialectOf } from '../source/dialect.ts';
import { assertReachable } from '../source/reachability.ts';
import { formatBytes, formatCount } from '../telemetry/format.ts';
import { describeFailures } from './describe-failures.ts';
import { type ExtractedDatabase, extractDatabase } from './extract-database.ts';
import {
  describeExtraction,
  type ExtractionWork,
  findExtraction,
  type RunExtractionOptions,
} from './extraction-work.ts';
import { discardOutput, pointLatest, prepareOutput } from './finish-output.ts';
import { type Layout, layOut } from './layout.ts';
import { describeLeftOut, type LeftOut, nothingLeft } from './left-out.ts';
import { addCounts, type Manifest, type ManifestDatabase, toDocument } from './manifest.ts';
import { addressOf } from './output-store.ts';
import { type PlannedSource, planDatabases } from './plan-databases.ts';
import { createPublisher, type Publisher } from './publish-files.ts';
import { labelOf, type ReadDatabase, readDatabase, sumOf } from './read-database.ts';
import { WholeJobError } from './whole-job-error.ts';

/**
 * Runs one extraction: the catalogs of its databases become files of Atlan entities, a manifest says that they are complete, and
 * `latest.json` points at it.
 *
 * @param extract reads one database; another one only in tests
 * @returns the record of the run, also of a failed one
 * @throws ConfigError when there is no such extraction
 */
export async function runExtraction(
  options: RunExtractionOptions,
  extract: typeof extractDatabase = extractDatabase,
): Promise<RunRecord> {
  const work = { ...options, ...findExtraction(options.config, options.job) };
  return runJob(describeExtraction(work), (context) => carry(context, work, extract), options);
}

const PROBE_TIMEOUT_MS = 3_000;

/** What became of a database: of a failed one with the hint that the manifest has no place for. */
type Outcome = ManifestDatabase & { hint?: string | undefined };

async function carry(
  context: JobContext,
  work: ExtractionWork,
  extract: typeof extractDatabase,
): Promise<JobResult> {
  const { output, workflowId, extraction } = work;
  const { base } = output;
  const layout = layOut({ ...extraction.output, base, workflowId, runId: context.runId });
  const startedAt = new Date().toISOString();
  const earlier = await context.phase('prepare', () => prepareOutput(context, output, layout));
  if (earlier) {
    context.warn('An earlier attempt of this run had written everything: its files stand.');
    await finish(context, work, layout, earlier);
    return resultOf(earlier, earlier.databases, addressOf(output, layout.manifest));
  }
  let complete = false;
  try {
    const partitions = extraction.output.layout === 'sdk';
    const publisher = createPublisher({ output, layout, partitions, retry: context.retry });
    const planned = await planDatabases(context, work);
    const { outcomes, warnings } = await readAll(context, work, planned, publisher, extract);
    if (outcomes.every(({ state }) => state === 'failed')) {
      await discardOutput(context, output, layout);
      const databases = outcomes.map(toRecord);
      const error = describeFailures(databases);
      return { state: 'failed', databases, ...(error ? { error } : {}) };
    }
    const manifest = describe(work, planned, outcomes, publisher, {
      startedAt,
      runId: context.runId,
      warnings,
    });
    await context.phase('manifest', async () => {
      await publisher.writeStatistics();
      await context.confirmLease();
      await context.retry(() => output.put(layout.manifest, toDocument(manifest)));
      complete = true;
    });
    await finish(context, work, layout, manifest);
    return resultOf(manifest, outcomes, addressOf(output, layout.manifest));
  } catch (error) {
    if (!complete) await discardOutput(context, output, layout);
    throw error;
  }
}

async function finish(
  context: JobContext,
  { output }: ExtractionWork,
  layout: Layout,
  manifest: Manifest,
): Promise<void> {
  await context.phase('latest', async () => {
    await context.confirmLease();
    await pointLatest(context, output, layout, manifest);
  });
}

/** Reads and publishes one database after another; one that fails stops no other. */
async function readAll(
  context: JobContext,
  work: ExtractionWork,
  planned: readonly PlannedSource[],
  publisher: Publisher,
  extract: typeof extractDatabase,
): Promise<{ outcomes: Outcome[]; warnings: string[] }> {
  const outcomes: Outcome[] = [];
  const leftOut: LeftOut[] = [];
  const warnings: string[] = [];
  const note = () => context.note({ databases: outcomes.map(toRecord) });
  for (const plan of planned) {
    const { name, reached, databases, error } = plan;
    if (plan.leftOut !== undefined) leftOut.push({ source: name, miss: plan.leftOut });
    if (!reached || error) {
      outcomes.push(failedOutcome(name, undefined, error));
      context.tell(`${name} failed: ${toFerryError(error).message}`);
    } else {
      // Why the source itself is away: its other databases are not tried, each for a minute.
      let gone: unknown;
      for (const database of databases) {
        const extracted = gone
          ? { error: gone }
          : await tryRead(context, work, plan, reached, database, extract);
        if ('error' in extracted) {
          outcomes.push(failedOutcome(name, database, extracted.error));
          context.tell(`${labelOf(name, database)} failed: ${toFerryError(extracted.error).message}`);
          gone ??= await errorOfSource(context, plan, reached, extracted.error);
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
    await context.leaveSource(name);
  }
  if (outcomes.length === 0) throw nothingLeft(leftOut);
  if (leftOut.length > 0) warnings.push(describeLeftOut(leftOut));
  for (const warning of warnings) context.warn(warning);
  return { outcomes, warnings };
}

async function tryRead(
  context: JobContext,
  work: ExtractionWork,
  plan: PlannedSource,
  reached: NonNullable<PlannedSource['reached']>,
  database: string,
  extract: typeof extractDatabase,
): Promise<ReadDatabase | { error: unknown }> {
  try {
    return await readDatabase(context, work, plan, reached, database, extract);
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
    () => `${formatCount(extracted.files.length, 'file')}, ${formatBytes(bytesOf(extracted.files))}`,
  );
}

const bytesOf = (files: readonly { bytes: number }[]) => files.reduce((sum, { bytes }) => sum + bytes, 0);

function failedOutcome(source: string, database: string | undefined, thrown: unknown): Outcome {
  const { class: name, message, hint } = toFerryError(thrown);
  return {
    source,
    ...(database === undefined ? {} : { database }),
    state: 'failed',
    entities: {},
    error: { class: name, message },
    hint,
  };
}

/** A database as the run's record has it. */
function toRecord({ source, database, state, entities, error, hint }: Outcome): DatabaseOutcome {
  return {
    source,
    ...(database === undefined ? {} : { database }),
    state,
    entities: sumOf(entities),
    ...(error ? { error: { ...error, ...(hint === undefined ? {} : { hint }) } } : {}),
  };
}

function describe(
  { job, extraction, workflowId, sources }: ExtractionWork,
  planned: readonly PlannedSource[],
  outcomes: readonly Outcome[],
  { files }: Publisher,
  { startedAt, runId, warnings }: { startedAt: string; runId: string; warnings: string[] },
): Manifest {
  const { include, exclude, tempTableRegex, databases, output } = extraction;
  return {
    schemaVersion: 1,
    job,
    workflowId,
    runId,
    layout: output.layout,
    state: outcomes.some(({ state }) => state === 'failed') ? 'partial' : 'succeeded',
    startedAt,
    endedAt: new Date().toISOString(),
    scope: {
      sources: sources.map(({ name }) => name),
      ...(databases === undefined ? {} : { databases }),
      include,
      exclude,
      tempTableRegex,
    },
    connections: planned.flatMap(({ name, reached }) =>
      reached
        ? [{ source: name, qualifiedName: reached.connection.qualifiedName, name: reached.connection.name }]
        : [],
    ),
    databases: outcomes.map(({ hint: _hint, ...database }) => database),
    entities: addCounts(outcomes.map(({ entities }) => entities)),
    files: [...files],
    warnings,
  };
}

function resultOf(
  { state, entities, files }: Manifest,
  outcomes: readonly Outcome[],
  manifest: string,
): JobResult {
  const databases = outcomes.map(toRecord);
  const error = describeFailures(databases);
  return {
    ...(state === 'partial' ? { state } : {}),
    outcome: 'extracted',
    rows: sumOf(entities),
    bytes: bytesOf(files),
    databases,
    manifest,
    ...(error ? { error } : {}),
  };
}
