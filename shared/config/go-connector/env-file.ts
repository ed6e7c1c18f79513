import { basename } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { formatProblems } from '../config-problems.ts';
import type { Scheduler } from '../schedule/eventbridge-schedule.ts';
import type { FerryConfig } from '../schema/ferry-config.ts';
import { ENV_SECRETS } from '../schema/secret-ref.ts';
import { type Connector, type ConnectorVariables, configOf, readConnector } from './connector.ts';
import { EnvFileSyntaxError, type Loss, parseEnvText } from './go-env-file.ts';
import { findMisspelled } from './misspelled-variables.ts';
import { CONNECTOR_VARIABLES } from './variable-names.ts';

/** The name of the job in a connector's .env file, which does not name it. */
export const ENV_FILE_JOB = 'default';
const { source: SOURCE_SECRET, token: TOKEN_SECRET } = ENV_SECRETS;

/** Whether a file is a .env file by its name: `.env`, `berlin.env`, `.env.production`. */
export function isEnvFile(path: string): boolean {
  return /^\.?env($|\.)|\.env($|\.)/.test(basename(path));
}

/** What a .env file sets, and what is worth knowing about that. */
interface EnvVariables {
  variables: Record<string, string>;
  warnings: string[];
}

const NOT_UTF8 = 'a character that is not UTF-8: save the file as UTF-8';

/**
 * The variables that a .env file sets, as Go's godotenv reads them.
 *
 * @throws ConfigError that names the line, never its text
 */
export function readEnvVariables(text: string, file: string): EnvVariables {
  const warnings = new Set<string>();
  const refuse = (problem: { path: string; line?: number; message: string }, cause?: unknown) =>
    new ConfigError(formatProblems(file, [problem]), { cause });
  // UTF-16, as some editors of Windows write it.
  if (/^.{0,3}\0/s.test(text)) throw refuse({ path: '', line: 1, message: NOT_UTF8 });
  try {
    const variables = parseEnvText(text, (name, loss) => warnings.add(describeLoss(name, loss)));
    // A comment may have any character; a value would be another one.
    const damaged = Object.keys(variables).find((name) => variables[name]?.includes('\ufffd'));
    if (damaged !== undefined) throw refuse({ path: damaged, message: NOT_UTF8 });
    return { variables, warnings: [...warnings] };
  } catch (error) {
    if (!(error instanceof EnvFileSyntaxError)) throw error;
    throw refuse({ path: '', line: error.line, message: error.expected }, error);
  }
}

// Without what was lost: it may be part of a password.
const describeLoss = (name: string, loss: Loss) =>
  loss === '$' ? describeLostVariable(name) : describeLostQuote(name, loss);

const describeLostQuote = (name: string, quote: string) =>
  `${name}: \\${quote} at an end of the value lost its ${quote}, as in the connector's own reader. Put the value in ${quote === '"' ? "single quotes: '…'" : 'double quotes: "…"'}`;

const describeLostVariable = (name: string) =>
  `${name}: $ and what follows it was taken for a variable that the file does not set, and replaced by nothing, as the connector's own reader does (docker run --env-file does not). If it belongs to the value, put the value in single quotes: ${name}='…'`;

/** A connector's one job, as a configuration. */
export interface ConnectorConfig {
  config: FerryConfig;
  secrets: ReadonlyMap<string, string>;
  warnings: string[];
  /** The environment as the file changes it: what else the process of the connector reads from it. */
  environment: ConnectorVariables;
}

/**
 * Reads a .env file of Polyteia's Go connector, of either generation, as one sync called `default`. As in the
 * connector, the file takes precedence over the environment.
 *
 * @throws ConfigError that names the variables
 */
export function readEnvFile(
  text: string,
  environment: ConnectorVariables,
  { file, scheduler = 'undecided' }: { file: string; scheduler?: Scheduler },
): ConnectorConfig {
  const { variables: own, warnings } = readEnvVariables(text, file);
  // Of the environment only what says what to do: a TZ in there is this process's own, unless it runs where the
  // connector did.
  const inherited = scheduler === 'process' ? [...CONNECTOR_VARIABLES, 'TZ'] : CONNECTOR_VARIABLES;
  const variables = { ...Object.fromEntries(inherited.map((name) => [name, environment[name]])), ...own };
  const read = configOfVariables(variables, { label: file, scheduler, isFile: true });
  return {
    ...read,
    warnings: [...read.warnings, ...warnings, ...findMisspelled(Object.keys(own))],
    environment: { ...environment, ...own },
  };
}

/**
 * The environment of a process of the Go connector, of either generation, as one sync called `default`.
 *
 * @throws ConfigError that names the variables
 */
export function readConnectorEnvironment(
  environment: ConnectorVariables,
  { scheduler }: { scheduler: Scheduler },
): ConnectorConfig {
  return { ...configOfVariables(environment, { label: 'the environment', scheduler }), environment };
}

function configOfVariables(
  variables: ConnectorVariables,
  options: { label: string; scheduler: Scheduler; isFile?: boolean },
): Omit<ConnectorConfig, 'environment'> {
  const { label } = options;
  const connector = readConnector(variables, options);
  const names = { label, sourceSecret: SOURCE_SECRET, tokenSecret: TOKEN_SECRET, job: ENV_FILE_JOB };
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
