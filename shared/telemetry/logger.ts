import { type DestinationStream, type Logger, pino } from 'pino';
import { printableOutput } from '../text/printable.ts';
import { formatLogLine } from './format-log-line.ts';
import type { LogFormat, LogLevel } from './log-settings.ts';
import { hasLogSinks, passOn } from './log-sinks.ts';
import { activeTraceIds } from './trace-context.ts';

export type { Logger } from 'pino';

/**
 * A logger, of JSON lines or of lines for people. Errors are logged by class and message only: `cause` may contain an
 * engine's own words, with data values in them. A line within a span names its trace and span.
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
  const own = levelNumber(level);
  const stream = {
    // Has pino tell the level of each line.
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string) {
      passOn(line);
      if (stream.lastLevel < own) return;
      destination.write(format === 'json' ? line : formatLogLine(line));
    },
  };
  return pino(
    {
      // What is sent elsewhere begins with `info`, however little is wanted here.
      level: hasLogSinks() && own > levelNumber('info') ? 'info' : level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      hooks: { streamWrite: printableOutput },
      mixin: () => {
        const ids = activeTraceIds();
        return ids ? { trace_id: ids.traceId, span_id: ids.spanId } : {};
      },
      formatters: { level: (name) => ({ level: name }) },
      serializers: {
        err: (error: unknown) =>
          error instanceof Error ? { class: error.name, message: error.message } : { class: typeof error },
      },
    },
    stream,
  );
}

const levelNumber = (level: LogLevel | 'silent') =>
  level === 'silent' ? Number.POSITIVE_INFINITY : (pino.levels.values[level] ?? 0);
