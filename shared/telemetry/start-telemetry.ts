import { type Clock, realClock } from '../sleep.ts';
import { errorTypeOf } from './error-type.ts';
import { addLogSink } from './log-sinks.ts';
import { readTelemetrySettings } from './settings/telemetry-settings.ts';
import type { Environment } from './settings/variables.ts';
import { noTelemetry, type Telemetry } from './telemetry.ts';

export interface StartOptions {
  /** Headers besides those of the environment, such as a token. */
  headers?: Readonly<Record<string, string>>;
  /** Whether something may ask this process for its metrics. */
  scraped?: boolean;
  /** Told what is wrong with the settings, and that something was not received. */
  warn?: (message: string) => void;
  /** Limits the flush. @default the real one */
  clock?: Pick<Clock, 'sleep'>;
}

/**
 * Begins to record traces, metrics and logs, if the environment says where they go. Only then is anything of
 * OpenTelemetry loaded besides its API, whose calls do nothing until then. Never throws: no run fails for its
 * telemetry.
 */
export async function startTelemetry(
  environment: Environment,
  { headers = {}, scraped = false, warn = () => {}, clock = realClock }: StartOptions = {},
): Promise<Telemetry> {
  try {
    const settings = readTelemetrySettings(environment, { scraped, headers });
    for (const warning of settings?.warnings ?? []) warn(warning);
    if (!settings) return noTelemetry;
    const open = async () => {
      const { openOtel } = await import('./otel/open-otel.ts');
      return openOtel({ settings, warn, clock, addLogSink });
    };
    const isSent = Object.values(settings.targets).some((targets) => targets.length > 0);
    if (isSent) return await open();
    return settings.scraped ? openWhenScraped(open) : noTelemetry;
  } catch (error) {
    warn(`telemetry could not be started (${errorTypeOf(error)})`);
    return noTelemetry;
  }
}

/** Metrics begin when somebody asks for them the first time: nothing is loaded, or counted, for nobody. */
function openWhenScraped(open: () => Promise<Telemetry>): Telemetry {
  let opened: Promise<Telemetry> | undefined;
  return {
    flush: async () => true,
    end: async () => (opened ? (await opened).end() : true),
    async scrape() {
      opened ??= open();
      return (await (await opened).scrape?.()) ?? '';
    },
  };
}
