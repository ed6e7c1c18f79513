import { planDeployment } from '../shared/config/deployment/job-functions.ts';
import { type LoadedConfig, loadConfig } from '../shared/config/load-config.ts';
import type { FerryConfig } from '../shared/config/schema/ferry-config.ts';
import { EXTENSION_NAMES } from '../shared/duckdb/fetch-extensions.ts';
import { dialectOf } from '../shared/source/registry.ts';
import { buildLambdaCode, buildServiceCode, type LambdaArchitecture } from './build-lambda-code.ts';
import type { FerryProps } from './ferry.ts';

/** What a Ferry construct is made from, and warnings for people. */
export interface PreparedFerry extends FerryProps, Pick<LoadedConfig, 'warnings' | 'secrets'> {}

/**
 * Reads a configuration and builds the code that its functions run.
 *
 * @param options.config path of a ferry.yaml, or of a .env file of the Go connector
 * @throws ConfigError with a message that is complete and printable
 */
export async function prepareFerry(options: {
  config: string;
  architecture: LambdaArchitecture;
}): Promise<PreparedFerry> {
  const { architecture } = options;
  const { config, warnings, secrets } = await loadConfig({
    path: options.config,
    environment: process.env,
    scheduler: 'eventbridge',
  });
  const extensions = extensionsOf(config);
  // Other functions have no use for them.
  const drivers = extensions.includes('odbc_scanner') ? config.drivers : undefined;
  return {
    config,
    warnings,
    secrets,
    architecture,
    codePath: await buildLambdaCode(architecture, extensions, drivers),
    serviceCodePath: await buildServiceCode(),
  };
}

/** The extensions for sources that have jobs: each is 40 MB. */
function extensionsOf(config: FerryConfig) {
  const read = planDeployment(config).flatMap((plan) =>
    plan.kind === 'sync' ? [plan.source] : plan.sources,
  );
  const needed = new Set(
    read.flatMap((name) => config.sources[name] ?? []).map((source) => dialectOf(source).extension),
  );
  return EXTENSION_NAMES.filter((name) => needed.has(name));
}
