import { basename } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { formatProblems } from '../config-problems.ts';
import type { FerryConfig } from '../schema/ferry-config.ts';
import { CONNECTOR_VARIABLES, type Connector, configOf, readConnector } from './connector.ts';
import { EnvFileSyntaxError, parseEnvText } from './go-env-file.ts';

/** The name of the job in a connector's .env file, which does not name it. */
export const ENV_FILE_JOB = 'default';
const SOURCE_SECRET = 'env/source';
const TOKEN_SECRET = 'env/personal-access-token';

/** Whether a file is a .env file by its name: `.env`, `berlin.env`, `.env.production`. */
export function isEnvFile(path: string): boolean {
  return /^\.?env($|\.)|\.env($|\.)/.test(basename(path));
}

/**
 * The variables that a .env file sets, as Go's godotenv reads them.
 *
 * @throws ConfigError that names the line, never its text
 */
export function readEnvVariables(text: string, file: string): Record<string, string> {
  try {
    return parseEnvText(text);
  } catch (error) {
    if (!(error instanceof EnvFileSyntaxError)) throw error;
    throw new ConfigError(
      formatProblems(file, [{ path: '', line: error.line, message: 'expected NAME=value' }]),
      { cause: error },
    );
  }
}

/**
 * Reads a .env file of Polyteia's Go connector, of either generation, as one sync called `default`. As in the
 * connector, the file takes precedence over the environment.
 *
 * @throws ConfigError that names the variables
 */
export function readEnvFile(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
  file: string,
): { config: FerryConfig; secrets: ReadonlyMap<string, string>; warnings: string[] } {
  // From the environment, only variables that configure the job: a LOG_LEVEL or TZ there belongs to this process.
  const inherited = Object.fromEntries(CONNECTOR_VARIABLES.map((name) => [name, environment[name]]));
  const connector = readConnector({ ...inherited, ...readEnvVariables(text, file) }, { label: file });
  const names = { label: file, sourceSecret: SOURCE_SECRET, tokenSecret: TOKEN_SECRET, job: ENV_FILE_JOB };
  const secrets = new Map([
    [SOURCE_SECRET, JSON.stringify(connector.login)],
    [TOKEN_SECRET, String(connector.token)],
  ]);
  return { config: configOf(connector, names), secrets, warnings: listWarnings(connector) };
}

function listWarnings({ source, warnings, unneeded }: Connector): string[] {
  const open =
    source.tls.mode === 'disable'
      ? [
          'The connection to the source is not encrypted, as in the Go connector. To change that, use a ferry.yaml with `tls` (docs/configuration.md).',
        ]
      : [];
  const spare = unneeded.length > 0 ? [`Not needed: ${unneeded.join(', ')}.`] : [];
  return [...open, ...warnings, ...spare];
}
