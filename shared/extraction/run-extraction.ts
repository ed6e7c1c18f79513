import { join } from 'node:path';
import type { JobContext, JobResult } from '../runs/job.ts';
import type { RunRecord } from '../runs/records/run-record.ts';
import { runJob } from '../runs/run-job.ts';
import { RefusedLogins } from '../source/credentials/refused-logins.ts';
import { formatBytes, formatCount } from '../text/format.ts';
import { assertParentFiles } from './assert-parents.ts';
import { CatalogSessions } from './catalog/catalog-sessions.ts';
import { describeFailures } from './databases/describe-failures.ts';
import { type PlannedSource, planAgain, planDatabases } from './databases/plan-databases.ts';
import { sumBytes, sumOf } from './databases/read-database.ts';
import { readDatabases } from './databases/read-databases.ts';
import { extractDatabase } from './extract-database.ts';
import {
  describeExtraction,
  type ExtractionWork,
  findExtraction,
  type RunExtractionOptions,
} from './extraction-work.ts';
import { type Outcome, toRecord } from './outcome.ts';
import { discardOutput, type LatestSeen, pointLatest, prepareOutput } from './output/finish-output.ts';
import { type Layout, layOut } from './output/layout.ts';
import { addCounts, type Manifest, toDocument } from './output/manifest.ts';
import { addressOf } from './output/output-store.ts';
import { createPublisher, type Publisher } from './output/publish-files.ts';

/**
 * Runs one extraction: the catalogs of its databases become files of Atlan entities, a manifest says that they are
 * complete, and `latest.json` points at it.
 *
 * @param extract reads one database; only tests use another function
 * @returns the record of the run, also of a failed one
 * @throws ConfigError when there is no such extraction
 */
export async function runExtraction(
  options: RunExtractionOptions,
  extract: typeof extractDatabase = extractDatabase,
): Promise<RunRecord> {
  const refusals = new RefusedLogins();
  const work = { refusals, ...options, ...findExtraction(options.config, options.job) };
  return runJob(describeExtraction(work), (context) => extractOnce(context, work, extract), options);
}

async function extractOnce(
  context: JobContext,
  work: ExtractionWork,
  extract: typeof extractDatabase,
): Promise<JobResult> {
  const { output, workflowId, application, extraction } = work;
  const { base } = output;
  const layout = layOut({ ...extraction.output, application, base, workflowId, runId: context.runId });
  const startedAt = new Date().toISOString();
  const prepared = await context.phase('prepare', () => prepareOutput(context, output, layout));
  if ('complete' in prepared) {
    const earlier = prepared.complete;
    context.warn('An earlier attempt of this run had written everything: its files were kept.');
    await finish(context, work, layout, earlier, undefined);
    return resultOf(earlier, earlier.databases, addressOf(output, layout.manifest));
  }
  let complete = false;
  try {
    const publisher = createPublisher({
      output,
      layout,
      folder: join(context.folder, 'joined'),
      partitions: extraction.output.layout === 'sdk',
      retry: context.retry,
      signal: context.signal,
    });
    await using sessions = new CatalogSessions({
      ...work,
      folder: join(context.folder, 'databases'),
      signal: context.signal,
    });
    const planning = { ...work, engine: sessions.engine };
    const planned = await planDatabases(context, planning);
    const { outcomes, warnings } = await readDatabases(context, planned, publisher, {
      work,
      sessions,
      extract,
      planAgain: (plan) => planAgain(context, planning, plan, planned),
    });
    if (outcomes.every(({ state }) => state === 'failed')) {
      await discardOutput(context, output, layout);
      const databases = outcomes.map(toRecord);
      const error = describeFailures(databases);
      return { state: 'failed', databases, ...(error ? { error } : {}) };
    }
    assertParentFiles(publisher.rows);
    if (layout.isWhole) await publishJoined(context, publisher);
    const manifest = describe(work, planned, outcomes, publisher, {
      startedAt,
      runId: context.runId,
      warnings,
    });
    await context.phase('manifest', async () => {
      if (!layout.isWhole) await publisher.finish();
      await context.confirmLease();
      await context.retry(() => output.put(layout.manifest, toDocument(manifest)));
      complete = true;
    });
    await finish(context, work, layout, manifest, prepared.latestSeen);
    return resultOf(manifest, outcomes, addressOf(output, layout.manifest));
  } catch (error) {
    if (!complete) await discardOutput(context, output, layout);
    throw error;
  }
}

/** Uploads the files that hold all databases. */
async function publishJoined(context: JobContext, publisher: Publisher): Promise<void> {
  await context.phase(
    'publish',
    async () => {
      await context.confirmLease();
      await publisher.finish();
    },
    () => `${formatCount(publisher.files.length, 'file')}, ${formatBytes(sumBytes(publisher.files))}`,
  );
}

async function finish(
  context: JobContext,
  { output }: ExtractionWork,
  layout: Layout,
  manifest: Manifest,
  seen: LatestSeen | undefined,
): Promise<void> {
  await context.phase('latest', async () => {
    await context.confirmLease();
    await pointLatest(context, output, layout, manifest, seen);
  });
}

function describe(
  { job, extraction, workflowId, sources }: ExtractionWork,
  planned: readonly PlannedSource[],
  outcomes: readonly Outcome[],
  { files }: Publisher,
  { startedAt, runId, warnings }: { startedAt: string; runId: string; warnings: string[] },
): Manifest {
  const { include, exclude, tempTableRegex, databases, output } = extraction;
  const unread = planned.flatMap(({ name: source, unread: all = [] }) =>
    all
      .filter(({ database }) => !outcomes.some((one) => one.source === source && one.database === database))
      .map((one) => ({ source, ...one })),
  );
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
    ...(unread.length > 0 ? { unread } : {}),
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
    bytes: sumBytes(files),
    databases,
    manifest,
    ...(error ? { error } : {}),
  };
}
