import { ConfigError } from '../shared/errors.ts';
import { type LogFormat, type LogLevel, logFormats, logLevels } from '../shared/telemetry/log-settings.ts';
import { createLogger, type Logger } from '../shared/telemetry/logger.ts';
import type { CliContext } from './cli-context.ts';
import type { GlobalOptions } from './options.ts';

/** How much of a log is wanted, and in which form. */
export interface LogSettings {
  level: LogLevel | undefined;
  format: LogFormat | undefined;
}

/**
 * What --log-level and --log-format say, else LOG_LEVEL and LOG_FORMAT.
 *
 * @throws ConfigError for any other value
 */
export function logSettings(
  { logLevel, logFormat }: Pick<GlobalOptions, 'logLevel' | 'logFormat'>,
  environment: CliContext['environment'],
): LogSettings {
  return {
    level: logLevel ?? oneOf('LOG_LEVEL', logLevels, environment),
    format: logFormat ?? oneOf('LOG_FORMAT', logFormats, environment),
  };
}

function oneOf<Value extends string>(
  name: string,
  values: readonly Value[],
  environment: CliContext['environment'],
): Value | undefined {
  const text = environment[name]?.trim().toLowerCase();
  if (!text) return undefined;
  const known = values.find((value) => value === text);
  if (known === undefined) throw new ConfigError(`${name}: expected ${values.join(', ')}.`);
  return known;
}

/** The log of a command, on stderr; silent unless a level is asked for. */
export function createCliLogger(
  options: Pick<GlobalOptions, 'logLevel' | 'logFormat'>,
  { environment, stderr }: Pick<CliContext, 'environment' | 'stderr'>,
  defaults: { level: LogLevel | 'silent'; format: LogFormat } = { level: 'silent', format: 'json' },
): Logger {
  const { level = defaults.level, format = defaults.format } = logSettings(options, environment);
  return createLogger({ level, format, destination: { write: (line) => stderr.write(line) } });
}
