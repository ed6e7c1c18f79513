import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type LoadedConfig, loadConfig } from '../shared/config/load-config.ts';
import { createRunStore, type RunStore } from '../shared/runs/records/run-store.ts';
import { createAwsIdentity } from '../shared/source/credentials/create-aws-identity.ts';
import { createLateSecretsManagerReader } from '../shared/source/credentials/late-secrets-manager.ts';
import {
  createLocalSecretReader,
  parseSecretsFile,
  type SecretReader,
} from '../shared/source/credentials/secrets.ts';
import type { LogFormat, LogLevel } from '../shared/telemetry/log-settings.ts';
import type { CliContext } from './cli-context.ts';
import { followFile } from './local/follow-file.ts';
import { openState } from './local/open-state.ts';

/** The options that every command has. */
export interface GlobalOptions {
  /** Name of the stack to work with, instead of this machine. */
  stack?: string;
  config: string;
  /** Where runs are recorded; undefined: beside the configuration. */
  state?: string;
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

/**
 * Secrets from --secrets, the .env file, the environment, and from Secrets Manager where AWS is set up. Files are read
 * again for each secret: a process that keeps schedules sees a rotated one.
 */
export async function openSecrets(
  options: GlobalOptions,
  loaded: Pick<LoadedConfig, 'config' | 'secrets' | 'rereadSecrets'>,
  { folder, environment }: Pick<CliContext, 'folder' | 'environment'>,
): Promise<SecretReader> {
  const path = options.secrets === undefined ? undefined : resolve(folder, options.secrets);
  const file =
    path === undefined
      ? undefined
      : await followFile(path, (text) => parseSecretsFile(text, path), {
          named: '--secrets names this file.',
        });
  const values = async () =>
    new Map([...((await loaded.rereadSecrets?.()) ?? loaded.secrets), ...((await file?.read()) ?? [])]);
  const region = environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
  const { config: outgoing } = loaded;
  return createLocalSecretReader({
    values,
    environment,
    ...(region
      ? { fallback: createLateSecretsManagerReader({ outgoing, region }) }
      : { identity: createAwsIdentity({ outgoing }) }),
  });
}
