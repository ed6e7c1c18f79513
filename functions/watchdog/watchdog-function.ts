import type { WatchdogEnvironment } from '../../shared/environment/watchdog-environment.ts';
import { StateError } from '../../shared/errors.ts';
import type { SecretReader } from '../../shared/source/credentials/secrets.ts';
import { writeMetrics } from '../../shared/telemetry/emf.ts';
import type { Channel } from '../../shared/watchdog/alerts/channel.ts';
import { createWebhook } from '../../shared/watchdog/alerts/webhook.ts';
import { type RoundResult, runRound } from '../../shared/watchdog/watchdog.ts';
import type { WatchdogDependencies } from '../../shared/watchdog/watchdog-dependencies.ts';
import { functionUrl } from './console.ts';
import type { DeployedStarts } from './deployed-starts.ts';

export interface WatchdogFunctionDependencies
  extends Pick<WatchdogDependencies, 'documents' | 'runs' | 'requests' | 'deadLetters' | 'logger'> {
  environment: WatchdogEnvironment;
  region: string;
  starts: DeployedStarts;
  topic: Channel | undefined;
  secrets: SecretReader;
  /** Takes a line of the log. */
  writeLine: (line: string) => void;
}

/** The watchdog without Lambda around it. What it throws makes the function's alarm ring: it could not see anything. */
export function createWatchdogFunction(
  dependencies: WatchdogFunctionDependencies,
): () => Promise<RoundResult> {
  const { environment, region, starts, topic, secrets, writeLine } = dependencies;
  const { WEBHOOK_SECRET } = environment;
  const webhook =
    WEBHOOK_SECRET === ''
      ? undefined
      : createWebhook(() =>
          secrets.read(WEBHOOK_SECRET.startsWith('arn:') ? { arn: WEBHOOK_SECRET } : WEBHOOK_SECRET),
        );
  const channels = [topic, webhook].filter((channel) => channel !== undefined);

  return async () => {
    const jobs = await starts.readJobs();
    const result = await runRound({
      documents: dependencies.documents,
      runs: dependencies.runs,
      requests: dependencies.requests,
      deadLetters: dependencies.deadLetters,
      logger: dependencies.logger,
      channels,
      scope: environment.STACK_NAME,
      start: starts.start,
      where: {
        stack: environment.STACK_NAME,
        jobs,
        apiUrl: environment.API_URL,
        language: environment.LANGUAGE,
        logsUrl: (job) => {
          const name = starts.functionOf(jobs, job);
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
