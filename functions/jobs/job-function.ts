import { type CheckResult, failedCheck } from '../../shared/checks/check-result.ts';
import { asSentence, unknownNameMessage } from '../../shared/config/config-problems.ts';
import { parseDeployedConfig } from '../../shared/config/deployment/deployed-config.ts';
import { type JobKind, jobsOfKind, kindOfJob } from '../../shared/config/job-kind.ts';
import type { FerryConfig } from '../../shared/config/schema/ferry-config.ts';
import { memoryBesideRuntime } from '../../shared/duckdb/memory-beside-runtime.ts';
import type { JobEnvironment } from '../../shared/environment/job-environment.ts';
import { ConfigError } from '../../shared/errors.ts';
import type { OutgoingHttps } from '../../shared/network/outgoing-https.ts';
import type { DocumentStore } from '../../shared/runs/documents/document-store.ts';
import type { RunOptions } from '../../shared/runs/job.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';
import type { RunStore } from '../../shared/runs/records/run-store.ts';
import type { RunReporter } from '../../shared/runs/run-reporter.ts';
import type { StartEvent } from '../../shared/runs/start-event.ts';
import { scheduleTriggerFrom, type Trigger } from '../../shared/runs/trigger.ts';
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
export interface CheckWork extends JobReading {
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
}

/**
 * The invocation's answer: the outcome, in short. Without an id there was no run, because the event cannot start one.
 */
export type JobAnswer = RunAnswer | { checks: CheckResult[] };
type RunAnswer = Pick<RunRecord, 'state' | 'outcome' | 'rows' | 'error'> &
  Partial<Pick<RunRecord, 'id' | 'job'>>;

/** A function without Lambda around it: gets the event, and the time when the platform ends the invocation. */
export type JobFunction = (event: unknown, deadline: Date) => Promise<JobAnswer>;

// For the answer of a check that has run out of time.
const CHECK_RESERVE_MS = 2_000;
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
 *   platform to try again. What it throws is worth another try: a QueuedError, for a run that could not begin because a
 *   source has no free slot, and a StorageUnavailableError
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

  /** Checks what a run of the job needs. Never throws: a failure is the answer. */
  const check = async (
    job: string,
    reading: Promise<FerryConfig>,
    deadline: Date,
  ): Promise<CheckResult[]> => {
    logger.info({ job }, 'check asked for');
    try {
      const loaded = await reading;
      secrets ??= dependencies.openSecrets(loaded);
      return await work.check({
        ...session,
        config: loaded,
        job,
        secrets,
        state: dependencies.state,
        workFolder: dependencies.workFolder,
        signal: AbortSignal.timeout(Math.max(0, deadline.getTime() - Date.now() - CHECK_RESERVE_MS)),
      });
    } catch (error) {
      // First of all, the configuration is read from S3: a failure here usually concerns the way to S3.
      return [failedCheck('configuration', error)];
    }
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
    if ('check' in data) return { checks: await check(job, config, deadline) };
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
      const begun = Date.now();
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
      });
      // Another delivery of a run that had already ended is not reported again.
      if (Date.parse(record.endedAt ?? '') >= begun) await dependencies.report(record);
    } catch (error) {
      // Nothing has begun: the file to send no longer exists.
      if (error instanceof ConfigError) return refuse(error);
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

/** Who started the run, and a warning if that is not quite certain. */
function startOf(event: StartEvent): { trigger: Trigger; runId?: string; warning?: string } {
  if ('scheduledTime' in event) return scheduleTriggerFrom(event.scheduledTime, new Date());
  return { trigger: { type: 'api', triggeredBy: event.triggeredBy }, runId: event.runId };
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
