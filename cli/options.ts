import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type LoadedConfig, loadConfig } from '../shared/config/load-config.ts';
import { ConfigError } from '../shared/errors.ts';
import { createRunStore, type RunStore } from '../shared/runs/records/run-store.ts';
import { createAwsIdentity } from '../shared/source/credentials/aws-identity.ts';
import {
  createLocalSecretReader,
  parseSecretsFile,
  type SecretReader,
} from '../shared/source/credentials/secrets.ts';
import { createSecretsManagerReader } from '../shared/source/credentials/secrets-manager-reader.ts';
import type { LogFormat, LogLevel } from '../shared/telemetry/logger.ts';
import type { CliContext } from './cli-context.ts';
import { openState } from './open-state.ts';

/** The options that every command has. */
export interface GlobalOptions {
  /** Name of the stack to work with, instead of this machine. */
  stack?: string;
  config: string;
  state: string;
  secrets?: string;
  json?: true;
  logLevel?: LogLevel;
  logFormat?: LogFormat;
}

/** The options of a command and of `ferry` itself, together. */
export function globalOptions(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>();
}

/** A global option that was typed, or set by the environment; undefined for its default. */
export function givenGlobal(command: Command, name: 'config' | 'state'): string | undefined {
  const { parent: program } = command;
  return program?.getOptionValueSource(name) === 'default' ? undefined : program?.getOptionValue(name);
}

/** Loads the configuration that --config names. */
export function readConfig(
  options: GlobalOptions,
  { folder, environment }: CliContext,
): Promise<LoadedConfig> {
  return loadConfig({ path: resolve(folder, options.config), environment });
}

/** The run store that --state names. */
export async function openRunStore(options: GlobalOptions, context: CliContext): Promise<RunStore> {
  return createRunStore((await openState(options, context)).documents);
}

/** Secrets from --secrets, the .env file, the environment, and from Secrets Manager where AWS is set up. */
export async function openSecrets(
  options: GlobalOptions,
  loaded: Pick<LoadedConfig, 'config' | 'secrets'>,
  { folder, environment }: Pick<CliContext, 'folder' | 'environment'>,
): Promise<SecretReader> {
  const values = new Map(loaded.secrets);
  if (options.secrets !== undefined) {
    const path = resolve(folder, options.secrets);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw new ConfigError(`${path} cannot be read.`, { cause: error, hint: '--secrets names this file.' });
    });
    for (const [name, value] of parseSecretsFile(text, path)) values.set(name, value);
  }
  const region = environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
  const { config: outgoing } = loaded;
  return createLocalSecretReader({
    values,
    environment,
    ...(region
      ? { fallback: createSecretsManagerReader({ outgoing, region }) }
      : { identity: createAwsIdentity({ outgoing }) }),
  });
}
