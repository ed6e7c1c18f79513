import type { Context } from 'aws-lambda';
import { telemetryEnvironmentSchema } from '../shared/environment/telemetry-environment.ts';
import { StorageUnavailableError, toFerryError } from '../shared/errors.ts';
import { sleep } from '../shared/sleep.ts';
import { createLateSecretsManagerReader } from '../shared/source/credentials/late-secrets-manager.ts';
import type { Logger } from '../shared/telemetry/logger.ts';
import { parseHeaders } from '../shared/telemetry/settings/parse-headers.ts';
import { startTelemetry } from '../shared/telemetry/start-telemetry.ts';
import { noTelemetry, type Telemetry } from '../shared/telemetry/telemetry.ts';

// What a flush leaves of the time of an invocation.
const RESERVE_MS = 500;
// How long a run may be held up by it.
const SECRET_MS = 2_000;
// A process works for hours, in which whatever kept it from reading the secret may be put right.
const READ_AGAIN_AFTER_MS = 10 * 60_000;

/** The part of Lambda's context that is needed here. */
type TimeLeft = Pick<Context, 'getRemainingTimeInMillis'>;

export interface FunctionTelemetryOptions {
  logger: Logger;
  /** @default that of the process */
  environment?: Readonly<Record<string, string | undefined>>;
  /** @default from Secrets Manager */
  readSecret?: (name: string) => Promise<string>;
  /** In ms, of a clock that only goes on. @default that of the process */
  now?: () => number;
}

/**
 * A function whose traces, metrics and logs are sent at the end of each invocation: the platform may suspend the process
 * right after that. Without an address in the environment, it is the function itself.
 */
export function recordTelemetry<Event, Answer, Left extends TimeLeft>(
  options: FunctionTelemetryOptions,
  run: (event: Event, context: Left) => Promise<Answer>,
): (event: Event, context: Left) => Promise<Answer> {
  const { now = () => performance.now() } = options;
  let started: Promise<Telemetry | undefined> | undefined;
  let triedAt = 0;
  return async (event, context) => {
    const isLate = now() - triedAt >= READ_AGAIN_AFTER_MS;
    if (!started || (isLate && !(await started))) {
      triedAt = now();
      started = startFunctionTelemetry(options);
    }
    const { flush } = (await started) ?? noTelemetry;
    try {
      return await run(event, context);
    } finally {
      await flush(context.getRemainingTimeInMillis() - RESERVE_MS);
    }
  };
}

/**
 * Begins with the first invocation: the headers are a secret, and a function that cannot read it still works.
 *
 * @returns undefined when it cannot be read
 */
async function startFunctionTelemetry({
  logger,
  environment = process.env,
  readSecret = (name) => createLateSecretsManagerReader({ outgoing: {} }).read(name),
}: FunctionTelemetryOptions): Promise<Telemetry | undefined> {
  const { FERRY_TELEMETRY_HEADERS: secret } = telemetryEnvironmentSchema.parse(environment);
  const warn = (message: string) => logger.warn(message);
  if (!secret) return startTelemetry(environment, { warn });
  const done = new AbortController();
  try {
    const late = sleep(SECRET_MS, done.signal).then(() => {
      throw new StorageUnavailableError('Secrets Manager has not answered within two seconds.');
    });
    late.catch(() => {});
    const headers = parseHeaders(await Promise.race([readSecret(secret), late]));
    return await startTelemetry(environment, { headers, warn });
  } catch (thrown) {
    const error = toFerryError(thrown);
    logger.warn({ class: error.class }, `nothing is sent to the collector: ${error.message}`);
    return undefined;
  } finally {
    done.abort();
  }
}
