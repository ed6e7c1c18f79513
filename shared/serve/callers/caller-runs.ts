import { AtlanError } from '../../atlan/answers.ts';
import type { WorkflowDemand, WorkflowStarter } from '../../atlan/atlan-dependencies.ts';
import type { WorkflowConfig, WorkflowConfigs } from '../../atlan/workflows/workflow-config.ts';
import { readConnection, readFilters, readFolder } from '../../atlan/workflows/workflow-fields.ts';
import { NAME_FORM } from '../../config/job-name.ts';
import type { FerryConfig } from '../../config/schema/ferry-config.ts';
import type { RunRequest } from '../../runs/records/run-request.ts';
import type { SecretReader } from '../../source/credentials/secrets.ts';
import type { WatchedJobs } from '../../watchdog/watched-jobs.ts';
import type { RunPool } from '../pool/run-pool.ts';
import { startRequested } from '../starts/start-requested.ts';
import { type CallerSurrounding, callerConfig, callerSource } from './caller-config.ts';

/** What a caller's run works with, instead of what the configured jobs do. */
export interface CallerRun {
  config: FerryConfig;
  secrets: SecretReader;
  /** Whether it has credentials that only this process has. */
  isBound: boolean;
}

export interface CallerRunsOptions extends CallerSurrounding {
  configs: WorkflowConfigs;
  /** The runs of this process. */
  pool: () => Pick<RunPool, 'closed' | 'has' | 'runOf' | 'start'>;
  /** Records a run that others can begin, before it is promised. */
  record: (request: RunRequest, config: FerryConfig) => Promise<void>;
  /** Whether the end of a run is recorded; it leaves the pool a moment later. */
  hasEnded: (runId: string) => Promise<boolean>;
  timeoutMs: number;
}

// Each has a connection and a little memory; they do not wait, because nobody else could begin them.
const MOST_BOUND = 8;

/** The extractions that callers of Atlan's API start. Credentials that they send are kept here, and nowhere else. */
export class CallerRuns implements WorkflowStarter {
  readonly #options: CallerRunsOptions;
  readonly #runs = new Map<string, CallerRun>();

  constructor(options: CallerRunsOptions) {
    this.#options = options;
  }

  isSource(name: string): boolean {
    return Object.hasOwn(this.#options.config.sources, name);
  }

  async prepare(demand: WorkflowDemand): Promise<(request: RunRequest) => Promise<void>> {
    const isBound = 'credentials' in demand.target;
    const run = { ...(await this.#surroundingOf(demand)), isBound };
    return async (request) => {
      this.#forgetEnded();
      if (isBound && (await this.#countBound()) >= MOST_BOUND)
        throw new AtlanError(
          503,
          `${MOST_BOUND} runs with credentials of callers are under way. Try again later.`,
          {
            headers: { 'retry-after': '30' },
          },
        );
      // First of all it must be found, because the run may begin before this returns.
      const { runId } = request;
      this.#runs.set(runId, run);
      try {
        const record = () => this.#options.record(request, run.config);
        await startRequested(this.#options.pool(), request, isBound ? 'at once' : { record });
      } catch (error) {
        this.#runs.delete(runId);
        throw error;
      }
    };
  }

  /**
   * What a run works with.
   *
   * @returns undefined when nothing can continue it: its credentials have ended with another process, or its definition
   *   has expired
   */
  async find(job: string, runId: string): Promise<CallerRun | undefined> {
    const held = this.#runs.get(runId);
    if (held) return held;
    const stored = await this.#options.configs.find(job);
    if (stored?.source === undefined || !this.isSource(stored.source)) return undefined;
    return { ...(await this.#surroundingOf(demandOf(stored, stored.source))), isBound: false };
  }

  /** Whether a caller has defined this workflow. */
  async isWorkflow(job: string): Promise<boolean> {
    return NAME_FORM.test(job) && (await this.#options.configs.find(job)) !== undefined;
  }

  /** Forgets a run that has ended, with its credentials. */
  forget(runId: string): void {
    this.#runs.delete(runId);
  }

  /** How many runs with credentials of callers are under way. One whose end can be read counts no longer. */
  async #countBound(): Promise<number> {
    const bound = () => [...this.#runs].flatMap(([runId, run]) => (run.isBound ? [runId] : []));
    if (bound().length < MOST_BOUND) return bound().length;
    const ends = await Promise.all(
      bound().map(async (runId) => ((await this.#options.hasEnded(runId)) ? runId : undefined)),
    );
    // As it is by now: others may have started one meanwhile.
    return bound().filter((runId) => !ends.includes(runId)).length;
  }

  /** Those that ended before they began. */
  #forgetEnded(): void {
    const pool = this.#options.pool();
    for (const runId of this.#runs.keys()) if (!pool.has(runId)) this.#runs.delete(runId);
  }

  /** The workflows that callers have defined, as the watchdog looks at jobs. */
  async watched(): Promise<WatchedJobs> {
    const { current: ids } = await this.#options.configs.list();
    const { timeoutMs } = this.#options;
    return Object.fromEntries(ids.map((id) => [id, { kind: 'extraction', function: 0, timeoutMs }]));
  }

  /** The workflows whose definitions have expired. */
  async expired(): Promise<string[]> {
    return (await this.#options.configs.list()).expired;
  }

  /** Removes the definition of a workflow. */
  remove(workflowId: string): Promise<void> {
    return this.#options.configs.remove(workflowId);
  }

  async #surroundingOf(demand: WorkflowDemand): Promise<Omit<CallerRun, 'isBound'>> {
    const source = await callerSource(demand.target, this.#options);
    return { config: callerConfig(demand, source, this.#options.config), secrets: source.secrets };
  }
}

function demandOf(
  { workflowId, connection, metadata, outputPrefix }: WorkflowConfig,
  source: string,
): WorkflowDemand {
  return {
    workflowId,
    connection: readConnection(connection),
    filters: readFilters(metadata),
    target: { source },
    folder: readFolder(outputPrefix),
  };
}
