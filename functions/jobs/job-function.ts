import { type CheckResult, failedCheck } from '../../shared/checks/check-result.ts';
import type { ProbeRequest } from '../../shared/checks/probe-request.ts';
import type { QueryProbe } from '../../shared/checks/query-probe.ts';
import { parseDeployedConfig } from '../../shared/config/deployment/deployed-config.ts';
import { type JobKind, jobsOfKind, kindOfJob } from '../../shared/config/job-kind.ts';
import type { FerryConfig } from '../../shared/config/schema/ferry-config.ts';
import { asSentence, unknownNameMessage } from '../../shared/config/unknown-name.ts';
import { memoryBesideRuntime } from '../../shared/duckdb/memory-beside-runtime.ts';
import type { JobEnvironment } from '../../shared/environment/job-environment.ts';
import { ConfigError, DeadlineError, isDenial, QueuedError, toFerryError } from '../../shared/errors.ts';
import type { OutgoingHttps } from '../../shared/network/outgoing-https.ts';
import type { DocumentStore } from '../../shared/runs/documents/document-store.ts';
import type { RunOptions } from '../../shared/runs/job.ts';
import {
  CHECK_MS,
  type CheckProgress,
  isCheckUnderWay,
  readJobCheck,
  recordJobCheck,
} from '../../shared/runs/records/job-check.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';
import type { RunStore } from '../../shared/runs/records/run-store.ts';
import type { RunReporter } from '../../shared/runs/run-reporter.ts';
import type { StartEvent } from '../../shared/runs/start-event.ts';
import { scheduleTriggerFrom, type Trigger } from '../../shared/runs/trigger.ts';
import { BETWEEN_CHECKS_MS, RefusedLogins } from '../../shared/source/credentials/refused-logins.ts';
import type { SecretReader } from '../../shared/source/credentials/secrets.ts';
import type { JobReading } from '../../shared/source/job-reading.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { jobEventSchema } from './job-event.ts';

/** What a function works with, whatever it runs. */
export interface JobFunctionDependencies {
  environment: JobEnvironment;
  /** Memory of the function, in MB. */
  memoryMegabytes: number;
  config: Pick<DocumentStore, 'get'>;
  store: RunStore;
  /** Where the store puts its documents, for checks. */
  state: Pick<DocumentStore, 'put' | 'get'>;
  /** Called once the configuration is known, which says how they are reached. */
  openSecrets: (outgoing: OutgoingHttps) => SecretReader;
  extensionFolders: readonly string[];
  workFolder: string;
  logger: Logger;
  /** Receives each run that this invocation has ended. */
  report: RunReporter;
}

/** What a run needs. */
export type RunWork = JobReading & RunOptions;

/** What a check needs. */
export interface CheckWork extends JobReading, Partial<CheckProgress> {
  state: Pick<DocumentStore, 'put' | 'get'>;
  workFolder: string;
  signal: AbortSignal;
}

/** The differences between the kinds of jobs. */
export interface JobWork {
  kind: JobKind;
  /**
   * Does what an event asks for.
   *
   * @throws ConfigError when nothing has begun, because the event is not for this kind of job
   */
  run: (event: StartEvent, work: RunWork) => Promise<RunRecord>;
  /** Tries everything that a run needs. */
  check: (work: CheckWork) => Promise<CheckResult[]>;
  /** Answers a question about the catalog of a source. Absent for jobs that read none. */
  probe?: (request: ProbeRequest, work: CheckWork) => Promise<unknown>;
  /** Answers a question about a query. */
  describe: (request: QueryProbe, work: CheckWork) => Promise<unknown>;
}

/**
 * The invocation's answer: the outcome, in short. Without an id there was no run, because the event cannot start one.
 */
export type JobAnswer = RunAnswer | { checks: CheckResult[] } | ProbeAnswer;
type ProbeAnswer =
  | { probed: unknown }
  | { refused: { class: string; message: string; hint?: string; denied?: true } };
type RunAnswer = Pick<RunRecord, 'state' | 'outcome' | 'rows' | 'error'> &
  Partial<Pick<RunRecord, 'id' | 'job'>>;

/** A function without Lambda around it: gets the event, and the time when the platform ends the invocation. */
export type JobFunction = (event: unknown, deadline: Date) => Promise<JobAnswer>;

// For the answer of a check that has run out of time.
const CHECK_RESERVE_MS = 2_000;
// Before the API gives up.
const PROBE_MS = 24_000;
const OUT_OF_TIME = 'The database has not answered within 24 seconds.';
// Below this a Lambda function has less than one vCPU, and a second thread only costs memory.
const MEGABYTES_OF_ONE_VCPU = 1769;

/** DuckDB's memory limit in a function, in bytes. */
export function duckdbMemoryLimit(memoryMegabytes: number): number {
  return Math.max(64, memoryBesideRuntime(memoryMegabytes)) * 1_000_000;
}

/**
 * A function that runs jobs of one kind.
 *
 * @returns a function that never throws what a run has recorded: a permanent error is an outcome, and no reason for the
 *   platform to try again, and so is the place in the queue of a source without a free slot. What it throws is worth
 *   another try: a StorageUnavailableError
 */
export function createJobFunction(
  dependencies: JobFunctionDependencies,
  { kind, ...work }: JobWork,
): JobFunction {
  const { environment, memoryMegabytes, logger } = dependencies;
  let config: Promise<FerryConfig> | undefined;
  let secrets: SecretReader | undefined;

  /** An event without a run: trying it again would not help, so it is answered, not thrown. */
  const refuse = (error: ConfigError): RunAnswer => {
    logger.error({ class: error.class }, error.message);
    return { state: 'failed', error: { class: error.class, message: error.message } };
  };

  const session = {
    extensionFolders: dependencies.extensionFolders,
    memoryLimitBytes: duckdbMemoryLimit(memoryMegabytes),
    threads: memoryMegabytes < MEGABYTES_OF_ONE_VCPU ? 1 : 2,
  };

  // Callers of the API may ask again and again, and each refused login counts towards locking the account.
  const refusals = new RefusedLogins({ forgetMs: BETWEEN_CHECKS_MS });
  const checkWork = (job: string, loaded: FerryConfig, timeMs: number): CheckWork => {
    secrets ??= dependencies.openSecrets(loaded);
    const { state, workFolder } = dependencies;
    const signal = AbortSignal.timeout(Math.max(0, timeMs));
    return { ...session, config: loaded, job, secrets, state, workFolder, signal };
  };

  /** Answers a question about a source. Never throws: a failure is the answer. */
  const probe = async (
    request: ProbeRequest | QueryProbe,
    reading: Promise<FerryConfig>,
  ): Promise<ProbeAnswer> => {
    logger.info({ job: request.job, probe: request.probe, source: request.source }, 'source asked about');
    try {
      const found = checkWork(request.job, await reading, PROBE_MS);
      return { probed: await answer(work, request, { ...found, refusals }) };
    } catch (thrown) {
      return refusalOf(thrown);
    }
  };

  /** Checks what a run of the job needs. Never throws: a failure is the answer. */
  const check = (
    asked: CheckAsked,
    reading: Promise<FerryConfig>,
    deadline: Date,
  ): Promise<CheckResult[]> => {
    logger.info({ job: asked.job }, 'check asked for');
    return checkAsAsked(asked, dependencies.state, async (progress) => {
      const isWatched = asked.id !== undefined;
      const timeMs = checkTime(deadline, isWatched);
      const found = { ...checkWork(asked.job, await reading, timeMs), ...progress };
      return work.check(isWatched ? { ...found, refusals } : found);
    });
  };

  return async (event, deadline) => {
    const parsed = jobEventSchema.safeParse(event);
    if (!parsed.success)
      return refuse(new ConfigError('Ferry does not recognise the event that started this function.'));
    const { data } = parsed;
    const { job } = data;
    // Content-addressed, so it never changes during the life of this process; a failed read is forgotten.
    config ??= readConfig(dependencies).catch((error: unknown) => {
      config = undefined;
      throw error;
    });
    if ('probe' in data) return probe(data, config);
    if ('check' in data) return { checks: await check(data, config, deadline) };
    const { warning, ...started } = startOf(data);
    if (warning) logger.warn({ job }, warning);
    const loaded = await config;
    if (kindOfJob(loaded, job) !== kind) {
      // The job was removed from the configuration while its start was on its way.
      const names = Object.keys(jobsOfKind(loaded, kind));
      return refuse(new ConfigError(asSentence(unknownNameMessage(kind, job, names))));
    }
    secrets ??= dependencies.openSecrets(loaded);
    let record: RunRecord;
    try {
      // Another delivery of a run that had already ended is not reported again.
      let ended: RunRecord | undefined;
      record = await work.run(data, {
        ...started,
        config: loaded,
        job,
        scope: environment.STACK_NAME,
        store: dependencies.store,
        secrets,
        workFolder: dependencies.workFolder,
        ...session,
        logger,
        deadline,
        // The stack starts it again when it has its turn: waiting here would be paid for.
        parks: true,
        onEnd: (run) => {
          ended = run;
        },
      });
      if (ended) await dependencies.report(ended);
    } catch (error) {
      // Nothing has begun: the file to send no longer exists.
      if (error instanceof ConfigError) return refuse(error);
      if (error instanceof QueuedError) return { job, state: 'queued' };
      throw error;
    }
    const { id, state, outcome, rows, error } = record;
    return {
      id,
      job,
      state,
      ...(outcome && { outcome }),
      ...(rows !== undefined && { rows }),
      ...(error && { error }),
    };
  };
}

function refusalOf(thrown: unknown): ProbeAnswer {
  const error =
    thrown instanceof DOMException ? new DeadlineError(OUT_OF_TIME, { cause: thrown }) : toFerryError(thrown);
  const { class: name, message, hint } = error;
  return {
    refused: {
      class: name,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(isDenial(error) ? { denied: true } : {}),
    },
  };
}

async function answer(
  { probe, describe }: Pick<JobWork, 'probe' | 'describe'>,
  request: ProbeRequest | QueryProbe,
  work: CheckWork,
): Promise<unknown> {
  if (request.probe === 'columns') return describe(request, work);
  if (!probe) throw new ConfigError('This function reads no catalog.');
  return probe(request, work);
}

/** How long a check may take, in ms. */
function checkTime(deadline: Date, isWatched: boolean): number {
  const leftMs = deadline.getTime() - Date.now() - CHECK_RESERVE_MS;
  return isWatched ? Math.min(CHECK_MS, leftMs) : leftMs;
}

/** A check; with an id, its results are written down while it is under way. */
type CheckAsked = { job: string; id?: string | undefined; requestedBy?: string | undefined };

async function checkAsAsked(
  { job, id, requestedBy = 'unknown' }: CheckAsked,
  state: Pick<DocumentStore, 'put' | 'get'>,
  check: (progress: Partial<CheckProgress>) => Promise<CheckResult[]>,
): Promise<CheckResult[]> {
  // First of all, the configuration is read from S3: a failure here usually concerns the way to S3.
  const attempt = (progress: Partial<CheckProgress>) =>
    check(progress).catch((error: unknown) => [failedCheck('configuration', error)]);
  if (id === undefined) return attempt({});
  const known = await readJobCheck({ get: (key) => state.get(key), address: String }, job).catch(
    () => undefined,
  );
  // One at a time for each job. Lambda delivers a check that was killed again: it would be killed again.
  if (known && (known.id === id || isCheckUnderWay(known, new Date()))) return [];
  return recordJobCheck({ id, job, requestedBy }, state, attempt);
}

/** Who started the run, and a warning if that is not quite certain. */
function startOf(event: StartEvent): {
  trigger: Trigger;
  runId?: string;
  warning?: string;
} {
  if ('scheduledTime' in event) return scheduleTriggerFrom(event.scheduledTime, new Date());
  const { triggeredBy, runId } = event;
  return { trigger: { type: 'api', triggeredBy }, runId };
}

async function readConfig({ config, environment }: JobFunctionDependencies): Promise<FerryConfig> {
  const text = await config.get(environment.CONFIG_KEY);
  if (text === undefined) {
    throw new ConfigError('The deployed configuration is missing from the assets bucket.', {
      hint: 'Deploy again with cdk deploy.',
    });
  }
  return parseDeployedConfig(text);
}
