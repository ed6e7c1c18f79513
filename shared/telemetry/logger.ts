import { type DestinationStream, type Logger, pino } from 'pino';
import { printableOutput } from '../text/printable.ts';

export type { Logger } from 'pino';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * A JSON logger. Errors are logged by class and message only: `cause` may hold an engine's own words, with data values in them.
 *
 * @param options.destination default: stdout
 */
export function createLogger(options: {
  level: LogLevel | 'silent';
  destination?: DestinationStream;
}): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      hooks: { streamWrite: printableOutput },
      formatters: { level: (level) => ({ level }) },
      serializers: {
        err: (error: unknown) =>
          error instanceof Error ? { class: error.name, message: error.message } : { class: typeof error },
      },
    },
    options.destination ?? pino.destination({ sync: true }),
  );
}
