import { ConfigError } from '../errors.ts';
import { type ConfigProblem, describeIssues, formatProblems } from './config-problems.ts';
import { EnvFileSyntaxError, parseEnvText } from './go-env-file.ts';
import { isRdsHost } from './rds-host.ts';
import { type FerryConfig, ferryConfigSchema } from './schema.ts';

/** The job that a connector's .env file describes has no name of its own. */
export const ENV_FILE_JOB = 'default';
const SOURCE_SECRET = 'env/source';
const TOKEN_SECRET = 'env/personal-access-token';

// robfig/cron's descriptors, which the connector accepted in CRON_SCHEDULE.
const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const sourceTypes: Readonly<Record<string, string>> = { postgresql: 'postgres', mariadb: 'mysql' };

/** The connector tolerated a pair of quotes around the query and a trailing semicolon. */
function cleanQuery(query: string): string {
  const trimmed = query.trim();
  const quoted = /^(["'])([\s\S]*)\1$/.exec(trimmed)?.[2] ?? trimmed;
  return quoted.trim().replace(/;\s*$/, '');
}

// Where a problem of the resulting configuration was written in the .env file.
const variableOf: readonly (readonly [RegExp, string])[] = [
  [/^sources\.default\.type/, 'SOURCE_DATABASE_TYPE'],
  [/^sources\.default\.host/, 'SOURCE_DATABASE_HOST'],
  [/^sources\.default\.port/, 'SOURCE_DATABASE_PORT'],
  [/^sources\.default\.database/, 'SOURCE_DATABASE_NAME'],
  [/^syncs\.default\.dataset/, 'DATASET_ID'],
  [/^syncs\.default\.(duckdbQuery|query)/, 'SOURCE_DATABASE_SQL_QUERY'],
  [/^syncs\.default\.schedule/, 'CRON_SCHEDULE'],
  [/^polyteia\.default\.baseUrl/, 'POLYTEIA_BASE_URL'],
];

const required = [
  'PERSONAL_ACCESS_TOKEN',
  'DATASET_ID',
  'SOURCE_DATABASE_TYPE',
  'SOURCE_DATABASE_HOST',
  'SOURCE_DATABASE_PORT',
  'SOURCE_DATABASE_USER',
  'SOURCE_DATABASE_NAME',
  'SOURCE_DATABASE_SQL_QUERY',
];

function parseText(text: string, file: string): Record<string, string> {
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
 * Reads a .env file of Polyteia's Go connector (classic generation) as one sync called `default`. As in the connector, the file
 * wins over the environment; its query is DuckDB SQL over the source attached as `db`.
 *
 * @throws ConfigError that names the variables
 */
export function readEnvFile(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
  file: string,
): { config: FerryConfig; secrets: ReadonlyMap<string, string>; warnings: string[] } {
  const variables: Record<string, string | undefined> = { ...environment, ...parseText(text, file) };
  const get = (name: string) => variables[name]?.trim() || undefined;

  if (get('POLYTEIA_ORGANIZATION_ID') ?? get('POLYTEIA_ORGANIZATION_SLUG')) {
    throw new ConfigError(
      `${file} is for Polyteia's session API (it names an organization), which this release does not speak yet.`,
      {
        hint: 'Files without POLYTEIA_ORGANIZATION_ID and POLYTEIA_ORGANIZATION_SLUG work.',
      },
    );
  }
  const missing = required.filter((name) => !get(name)).map((name) => ({ path: name, message: 'missing' }));
  if (missing.length > 0) throw new ConfigError(formatProblems(file, missing));

  const warnings: string[] = [];
  const host = get('SOURCE_DATABASE_HOST') ?? '';
  const onRds = isRdsHost(host);
  if (!onRds) {
    warnings.push(
      'The connection to the source is not encrypted, as the Go connector had it. A ferry.yaml with `tls` changes that (docs/configuration.md).',
    );
  }
  const cronText = get('CRON_SCHEDULE') ?? '0 0 * * *';
  const [, zone, expression = cronText] = /^(?:CRON_TZ|TZ)=(\S+)\s+(.*)$/.exec(cronText) ?? [];
  const cron = descriptors[expression] ?? expression;
  const schedulable = !cron.startsWith('@');
  if (!schedulable) warnings.push(`CRON_SCHEDULE "${cron}" cannot be scheduled on AWS yet; ferry run works.`);

  const type = get('SOURCE_DATABASE_TYPE')?.toLowerCase() ?? '';
  const input = {
    version: 1,
    sources: {
      default: {
        type: sourceTypes[type] ?? type,
        host,
        port: Number(get('SOURCE_DATABASE_PORT')),
        database: get('SOURCE_DATABASE_NAME'),
        auth: { type: 'password', secret: SOURCE_SECRET },
        tls: { mode: onRds ? 'verify-full' : 'disable' },
      },
    },
    polyteia: {
      default: {
        token: TOKEN_SECRET,
        ...(get('POLYTEIA_BASE_URL') ? { baseUrl: get('POLYTEIA_BASE_URL') } : {}),
      },
    },
    syncs: {
      [ENV_FILE_JOB]: {
        source: 'default',
        duckdbQuery: cleanQuery(get('SOURCE_DATABASE_SQL_QUERY') ?? ''),
        dataset: get('DATASET_ID'),
        types: 'compatible',
        ...(schedulable ? { schedule: { cron, ...(zone ? { timezone: zone } : {}) } } : {}),
      },
    },
  };
  const parsed = ferryConfigSchema.safeParse(input);
  if (!parsed.success) {
    const problems: ConfigProblem[] = describeIssues(ferryConfigSchema, parsed.error.issues, input).map(
      ({ path, message }) => ({
        path: variableOf.find(([pattern]) => pattern.test(path))?.[1] ?? path,
        message,
      }),
    );
    throw new ConfigError(formatProblems(file, problems));
  }
  const login = { username: get('SOURCE_DATABASE_USER'), password: variables.SOURCE_DATABASE_PASSWORD ?? '' };
  const secrets = new Map([
    [SOURCE_SECRET, JSON.stringify(login)],
    [TOKEN_SECRET, get('PERSONAL_ACCESS_TOKEN') ?? ''],
  ]);
  return { config: parsed.data, secrets, warnings };
}
