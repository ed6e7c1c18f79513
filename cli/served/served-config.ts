import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isConnectorEnvironment } from '../../shared/config/go-connector/connector.ts';
import { isEnvFile, readConnectorEnvironment } from '../../shared/config/go-connector/env-file.ts';
import { type LoadedConfig, loadConfig } from '../../shared/config/load-config.ts';
import type { FerryConfig } from '../../shared/config/schema/ferry-config.ts';
import { ConfigError } from '../../shared/errors.ts';
import type { CliContext } from '../cli-context.ts';

/** The configuration of a process that keeps schedules. */
export interface ServedConfig extends Omit<LoadedConfig, 'path'> {
  /**
   * Whether it is that of Polyteia's Go connector, by a .env file or the environment: then Ferry behaves as the
   * connector does.
   */
  connector: boolean;
}

const scheduler = 'process';

/**
 * Finds the configuration: what --config or FERRY_CONFIG names; else ferry.yaml, else .env, in the working folder; else
 * the variables of the Go connector.
 *
 * @param named undefined: nothing is named
 * @param otherwise the configuration where there is none. @default that is an error
 * @throws ConfigError when there is none, or it is wrong
 */
export async function readServedConfig(
  { folder, environment }: Pick<CliContext, 'folder' | 'environment'>,
  named: string | undefined,
  otherwise?: () => FerryConfig,
): Promise<ServedConfig> {
  const load = async (file: string) => {
    const path = resolve(folder, file);
    return { ...(await loadConfig({ path, environment, scheduler })), connector: isEnvFile(path) };
  };
  if (named !== undefined) return load(named);
  for (const file of ['ferry.yaml', '.env'])
    if (
      await access(resolve(folder, file)).then(
        () => true,
        () => false,
      )
    )
      return load(file);
  if (isConnectorEnvironment(Object.keys(environment).filter((name) => environment[name])))
    return { ...readConnectorEnvironment(environment, { scheduler }), connector: true };
  if (otherwise)
    return { config: otherwise(), warnings: [], secrets: new Map(), environment, connector: false };
  throw new ConfigError('There is nothing to run: no configuration was found.', {
    hint: 'Name a ferry.yaml with --config or FERRY_CONFIG, put ferry.yaml or .env into the working folder, or set the variables of the Go connector (DATASET_ID, SOURCE_DATABASE_HOST, …).',
  });
}
