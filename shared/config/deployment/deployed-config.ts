import { basename, dirname } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { type FerryConfig, ferryConfigSchema, type SourceConfig } from '../schema/ferry-config.ts';
import type { JobFunctionPlan } from './job-functions.ts';

/**
 * The part of a configuration that one function reads. Fields that are left out get their defaults again when it is
 * read.
 */
export type DeployedConfig = Pick<FerryConfig, 'version' | 'sources'> & Partial<FerryConfig>;

/**
 * The part of a configuration that a function serves. It leaves out what only the deployment needs, so a new cron
 * expression does not change what the function reads.
 */
export function selectForFunction(config: FerryConfig, plan: JobFunctionPlan): DeployedConfig {
  return plan.kind === 'sync'
    ? selectForJobs(config, plan.source, plan.jobs)
    : selectForExtraction(config, plan.job, plan.sources);
}

/** Its jobs, their source, and the targets and network settings that they use. */
function selectForJobs(config: FerryConfig, source: string, jobs: readonly string[]): DeployedConfig {
  const { connection: _connection, ...reading } = selectSource(config, source);
  const syncs = jobs.map((job) => {
    const sync = config.syncs[job];
    if (!sync) throw new ConfigError(`There is no sync "${job}".`);
    const { schedule: _schedule, dedicated: _dedicated, ...work } = sync;
    return [job, work] as const;
  });
  const targets = new Set(syncs.map(([, { polyteia }]) => polyteia));
  return {
    version: config.version,
    ...selectWayOut(config),
    sources: { [source]: reading },
    polyteia: Object.fromEntries(Object.entries(config.polyteia).filter(([name]) => targets.has(name))),
    syncs: Object.fromEntries(syncs),
  };
}

/** Its sources, how Atlan knows them, its filters and output, and how to reach the secrets. */
function selectForExtraction(config: FerryConfig, job: string, sources: readonly string[]): DeployedConfig {
  const extraction = config.extractions[job];
  if (!extraction) throw new ConfigError(`There is no extraction "${job}".`);
  const { schedule: _schedule, function: _function, ...work } = extraction;
  return {
    version: config.version,
    ...selectWayOut(config),
    sources: Object.fromEntries(sources.map((name) => [name, selectSource(config, name)])),
    extractions: { [job]: work },
    atlan: config.atlan,
  };
}

/** A driver of the folder `drivers` comes with the code, in which functions find it by its name. */
function deployedOdbc(drivers: string | undefined, odbc: SourceConfig['odbc']): Pick<SourceConfig, 'odbc'> {
  if (odbc === undefined) return {};
  return { odbc: dirname(odbc.driver) === drivers ? { ...odbc, driver: basename(odbc.driver) } : odbc };
}

function selectSource({ sources, drivers }: FerryConfig, name: string): SourceConfig {
  const source = sources[name];
  if (!source) throw new ConfigError(`There is no source "${name}".`);
  const { network: _network, function: _function, ...reading } = source;
  return { ...reading, ...deployedOdbc(drivers, reading.odbc) };
}

const selectWayOut = ({ proxy, extraCa }: FerryConfig): Pick<FerryConfig, 'proxy' | 'extraCa'> => ({
  ...(proxy === undefined ? {} : { proxy }),
  ...(extraCa === undefined ? {} : { extraCa }),
});

/**
 * Reads a configuration that a deployment stored as JSON.
 *
 * @throws ConfigError when it is not a configuration of this release
 */
export function parseDeployedConfig(text: string): FerryConfig {
  try {
    return ferryConfigSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new ConfigError('This release of Ferry cannot read the deployed configuration.', {
      cause: error,
      hint: 'Deploy again with cdk deploy.',
    });
  }
}
