import { ConfigError } from '../errors.ts';
import { type FerryConfig, ferryConfigSchema } from './schema.ts';

/**
 * The part of a configuration that one function serves: its jobs, their source, the targets they name, and the way there. What only the
 * deployment needs stays out, so that a new cron expression does not change what the function reads.
 */
export function selectForJobs(config: FerryConfig, source: string, jobs: readonly string[]): FerryConfig {
  const own = config.sources[source];
  if (!own) throw new ConfigError(`There is no source "${source}".`);
  const { network: _network, function: _function, connection: _connection, ...reading } = own;
  const syncs = jobs.map((job) => {
    const sync = config.syncs[job];
    if (!sync) throw new ConfigError(`There is no sync "${job}".`);
    const { schedule: _schedule, dedicated: _dedicated, ...work } = sync;
    return [job, work] as const;
  });
  const targets = new Set(syncs.map(([, { polyteia }]) => polyteia));
  return {
    version: config.version,
    ...(config.proxy === undefined ? {} : { proxy: config.proxy }),
    ...(config.extraCa === undefined ? {} : { extraCa: config.extraCa }),
    sources: { [source]: reading },
    polyteia: Object.fromEntries(Object.entries(config.polyteia).filter(([name]) => targets.has(name))),
    syncs: Object.fromEntries(syncs),
    extractions: {},
    atlan: config.atlan,
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
