import { ConfigError } from '../errors.ts';
import { type FerryConfig, ferryConfigSchema } from './schema.ts';

/** The part of a configuration that one source's function serves: that source, its syncs, the targets they name, and the way there. */
export function selectForSource(config: FerryConfig, source: string): FerryConfig {
  const own = config.sources[source];
  if (!own) throw new ConfigError(`There is no source "${source}".`);
  const syncs = Object.fromEntries(Object.entries(config.syncs).filter(([, sync]) => sync.source === source));
  const targets = new Set(Object.values(syncs).map((sync) => sync.polyteia));
  return {
    version: config.version,
    ...(config.proxy === undefined ? {} : { proxy: config.proxy }),
    ...(config.extraCa === undefined ? {} : { extraCa: config.extraCa }),
    sources: { [source]: own },
    polyteia: Object.fromEntries(Object.entries(config.polyteia).filter(([name]) => targets.has(name))),
    syncs,
  };
}

/**
 * Reads a configuration that a deployment stored as JSON.
 *
 * @throws ConfigError when it is not one of this release's
 */
export function parseDeployedConfig(text: string): FerryConfig {
  try {
    return ferryConfigSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new ConfigError('The deployed configuration is not one that this release of Ferry reads.', {
      cause: error,
      hint: 'Deploy again with cdk deploy.',
    });
  }
}
