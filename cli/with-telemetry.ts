import { startTelemetry } from '../shared/telemetry/start-telemetry.ts';
import type { Telemetry } from '../shared/telemetry/telemetry.ts';
import { contextOf, runInContext } from '../shared/telemetry/trace-context.ts';
import type { CliContext } from './cli-context.ts';

/**
 * Does a command's work while traces, metrics and logs are recorded, if the environment asks for that (docs/telemetry.md).
 * What it does belongs to the trace of TRACEPARENT.
 *
 * @param how.scraped whether others may ask this process for its metrics
 * @param how.warn told what is wrong with the settings, and that something was not received
 */
export async function withTelemetry<T>(
  { environment, endAtOnce }: Pick<CliContext, 'environment' | 'endAtOnce'>,
  how: { scraped?: boolean; warn: (message: string) => void },
  work: (telemetry: Telemetry) => Promise<T>,
): Promise<T> {
  const telemetry = await startTelemetry(environment, how);
  try {
    return await runInContext(contextOf(environment.TRACEPARENT), () => work(telemetry));
  } finally {
    // What is still being sent would keep the process for as long as the collector takes.
    if (!(await telemetry.end())) endAtOnce?.();
  }
}
