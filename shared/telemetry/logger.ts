import { type DestinationStream, type Logger, pino } from 'pino';
import { printableOutput } from '../text/printable.ts';
import { formatLogLine } from './format-log-line.ts';

export type { Logger } from 'pino';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

export const logFormats = ['text', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

/**
 * A logger, of JSON lines or of lines for people. Errors are logged by class and message only: `cause` may contain an
 * engine's own words, with data values in them.
 *
 * @param options.format default: json
 * @param options.destination default: stdout
 */
export function createLogger(options: {
  level: LogLevel | 'silent';
  format?: LogFormat;
  destination?: DestinationStream;
}): Logger {
  const { level, format = 'json', destination = pino.destination({ sync: true }) } = options;
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      hooks: { streamWrite: printableOutput },
      formatters: { level: (name) => ({ level: name }) },
      serializers: {
        err: (error: unknown) =>
          error instanceof Error ? { class: error.name, message: error.message } : { class: typeof error },
      },
    },
    format === 'json' ? destination : { write: (line) => destination.write(formatLogLine(line)) },
  );
}
