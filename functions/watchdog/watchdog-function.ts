import type { WatchdogEnvironment } from '../../shared/environment/watchdog-environment.ts';
import { ConfigError, StateError } from '../../shared/errors.ts';
import type { DocumentStore } from '../../shared/runs/documents/document-store.ts';
import type { SecretReader } from '../../shared/source/credentials/secrets.ts';
import { writeMetrics } from '../../shared/telemetry/emf.ts';
import type { Channel } from '../../shared/watchdog/alerts/channel.ts';
import { createWebhook } from '../../shared/watchdog/alerts/webhook.ts';
import { type RoundResult, runRound } from '../../shared/watchdog/watchdog.ts';
import type { WatchdogDependencies } from '../../shared/watchdog/watchdog-dependencies.ts';
import { type WatchedJobs, watchedJobsSchema } from '../../shared/watchdog/watched-jobs.ts';
import { functionUrl } from './console.ts';

export interface WatchdogFunctionDependencies
  extends Pick<WatchdogDependencies, 'documents' | 'runs' | 'requests' | 'deadLetters' | 'logger'> {
  environment: WatchdogEnvironment;
  region: string;
  config: Pick<DocumentStore, 'get'>;
  topic: Channel | undefined;
  secrets: SecretReader;
  /** Starts a function without waiting for its end. */
  invoke: (functionName: string, event: unknown) => Promise<void>;
  /** Takes a line of the log. */
  writeLine: (line: string) => void;
}

/** The watchdog without Lambda around it. What it throws makes the function's alarm ring: it could not see anything. */
export function createWatchdogFunction(
  dependencies: WatchdogFunctionDependencies,
): () => Promise<RoundResult> {
  const { environment, region, config, topic, secrets, invoke, writeLine } = dependencies;
  const functions = environment.FUNCTIONS.split(',');
  let index: Promise<WatchedJobs> | undefined;
  /** Content-addressed, so it never changes during the life of this process; a failed read is forgotten. */
  const readJobs = () => {
    index ??= readIndex(config, environment.CONFIG_KEY).catch((error: unknown) => {
      index = undefined;
      throw error;
    });
    return index;
  };
  const { WEBHOOK_SECRET } = environment;
  const webhook =
    WEBHOOK_SECRET === ''
      ? undefined
      : createWebhook(() =>
          secrets.read(WEBHOOK_SECRET.startsWith('arn:') ? { arn: WEBHOOK_SECRET } : WEBHOOK_SECRET),
        );
  const channels = [topic, webhook].filter((channel) => channel !== undefined);

  return async () => {
    const jobs = await readJobs();
    const functionOf = (job: string) => functions[jobs[job]?.function ?? -1];
    const result = await runRound({
      documents: dependencies.documents,
      runs: dependencies.runs,
      requests: dependencies.requests,
      deadLetters: dependencies.deadLetters,
      logger: dependencies.logger,
      channels,
      scope: environment.STACK_NAME,
      start: async (event) => {
        const name = functionOf(event.job);
        if (name === undefined) throw new ConfigError(`No function was deployed for the job "${event.job}".`);
        await invoke(name, event);
      },
      where: {
        stack: environment.STACK_NAME,
        jobs,
        apiUrl: environment.API_URL,
        logsUrl: (job) => {
          const name = functionOf(job);
          return name === undefined ? undefined : functionUrl(region, name);
        },
      },
    });
    writeMetrics(
      writeLine,
      { Stack: environment.STACK_NAME },
      {
        AlertsSent: { value: result.notified, unit: 'Count' },
        NotificationsFailed: { value: result.notificationsFailed, unit: 'Count' },
        RepairsFailed: { value: result.notRepaired, unit: 'Count' },
      },
    );
    // Everything else was done; the function's alarm reports this.
    if (result.notRead > 0)
      throw new StateError('Some of the watchdog’s own documents cannot be read; its log names them.');
    return result;
  };
}

async function readIndex(config: Pick<DocumentStore, 'get'>, key: string): Promise<WatchedJobs> {
  const text = await config.get(key);
  if (text === undefined)
    throw new ConfigError('The index of watched jobs is missing from the assets bucket.');
  return watchedJobsSchema.parse(JSON.parse(text));
}
