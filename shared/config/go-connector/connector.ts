import { ConfigError } from '../../errors.ts';
import { goDurationMs } from '../../text/go-duration.ts';
import { type ConfigProblem, describeIssues, formatProblems } from '../config-problems.ts';
import { findQueryMistake } from '../mistakes/query-mistakes.ts';
import type { SqlKind } from '../mistakes/sql-text.ts';
import { messageOfRefusal } from '../rules/aws-schedule-warnings.ts';
import { type Scheduler, toEventBridgeSchedule } from '../schedule/eventbridge-schedule.ts';
import { parseSchedule, splitZonePrefix } from '../schedule/parse-schedule.ts';
import { isTimeZone } from '../schedule/time-zone.ts';
import { type FerryConfig, ferryConfigSchema } from '../schema/ferry-config.ts';
import { isRdsHost } from '../schema/rds-host.ts';
import { type IngestVariable, readDuration } from './ingest-durations.ts';
import { findMisspelling } from './misspelled-variables.ts';
import { PROCESS_VARIABLES, REQUIRED_VARIABLES } from './variable-names.ts';

/** A secret value, or a reference to an entry of a Kubernetes Secret that the files do not contain. */
export type SecretValue = string | { secret: string; key: string; namespace: string | undefined };

/**
 * The configuration of one process of Polyteia's Go connector, which is one job. It uses the words of ferry.yaml, and
 * leaves out its defaults.
 */
export interface Connector {
  source: {
    type: string;
    host: string;
    port: number;
    database: string;
    tls: { mode: 'verify-full' | 'disable' };
  };
  login: { username: SecretValue; password: SecretValue };
  token: SecretValue;
  target: {
    organization?: string;
    api?: 'session';
    format?: 'csv';
    baseUrl?: string;
    ingest?: { pollInterval?: string; timeout?: string };
  };
  sync: {
    query?: string;
    duckdbQuery?: string;
    dataset: string;
    schedule?: { cron: string; timezone: string; enabled?: false };
    types: 'compatible';
    /** As the connector does, where Ferry runs instead of it. */
    whenUnchanged?: 'upload';
  };
  /** Warnings: what works differently from the connector. */
  warnings: string[];
  /** Variables that are set but that Ferry does not use. */
  unneeded: string[];
}

/** The value of each variable; undefined and empty both mean that it is not set, as for the connector. */
export type ConnectorVariables = Readonly<Record<string, string | undefined>>;

/** Variables whose values are secrets, so that these can be stored elsewhere. */
export const CREDENTIALS = [
  'PERSONAL_ACCESS_TOKEN',
  'SOURCE_DATABASE_USER',
  'SOURCE_DATABASE_PASSWORD',
] as const;
type Credential = (typeof CREDENTIALS)[number];

/** Whether these are the variables of a connector. A token alone may belong to another program. */
export function isConnectorEnvironment(names: readonly string[]): boolean {
  return names.some((name) => name === 'DATASET_ID' || name.startsWith('SOURCE_DATABASE_'));
}

const DEFAULT_CRON = '0 0 * * *';
const defaultBaseUrls = { classic: 'https://app.polyteia.com', session: 'https://web.polyteia.de' };

const sourceTypes: Readonly<Record<string, string>> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
};

// Where the value behind a problem of the resulting configuration was written.
const variableOf: readonly (readonly [RegExp, string])[] = [
  [/^sources\.default\.type/, 'SOURCE_DATABASE_TYPE'],
  [/^sources\.default\.host/, 'SOURCE_DATABASE_HOST'],
  [/^sources\.default\.port/, 'SOURCE_DATABASE_PORT'],
  [/^sources\.default\.database/, 'SOURCE_DATABASE_NAME'],
  [/^syncs\.default\.dataset/, 'DATASET_ID'],
  [/^syncs\.default\.(duckdbQuery|query)/, 'SOURCE_DATABASE_SQL_QUERY'],
  [/^polyteia\.default\.baseUrl/, 'POLYTEIA_BASE_URL'],
  [/^polyteia\.default\.organization/, 'POLYTEIA_ORGANIZATION_ID or POLYTEIA_ORGANIZATION_SLUG'],
];

/** The connector tolerated a pair of quotes around the query and a trailing semicolon. */
function cleanQuery(query: string): string {
  const trimmed = query.trim();
  const quoted = /^(["'])([\s\S]*)\1$/.exec(trimmed)?.[2] ?? trimmed;
  return quoted.replace(/\s*;\s*$/, '').trim();
}

/** A value for a message, unless it may be a connection string or key in the wrong place. */
const show = (text: string) =>
  /^[\w./+-]{1,40}$/.test(text) && !text.startsWith('pak_') ? `"${text}"` : 'this value';

function describeType(type: string): string {
  if (type === 'mssql' || type === 'sqlserver')
    return `${show(type)}: Ferry reads Postgres, MySQL and MariaDB, not SQL Server; keep the connector for this one`;
  return `${show(type)}: expected postgres, postgresql, mysql or mariadb`;
}

/** When it runs: in the zone before the expression, else in the container's zone, which is UTC unless TZ is set. */
function readSchedule(
  cronText: string,
  containerZone: string | undefined,
  { scheduler, problems, warnings }: { scheduler: Scheduler } & Findings,
): Connector['sync']['schedule'] {
  try {
    const { expression, timezone } = splitZonePrefix(cronText);
    const cron = roundUp(expression, warnings);
    const schedule = { cron, timezone: timezone ?? readContainerZone(containerZone, warnings) };
    if (cron === expression) parseSchedule(cronText);
    const refusal = messageOfRefusal(() => toEventBridgeSchedule(schedule));
    if (refusal !== undefined && scheduler === 'eventbridge')
      problems.push({ path: 'CRON_SCHEDULE', message: refusal });
    if (refusal !== undefined && scheduler === 'undecided')
      warnings.push(`CRON_SCHEDULE: ferry serve keeps this schedule, AWS does not: ${refusal}.`);
    if (scheduler !== 'process' && timezone === undefined && schedule.timezone === containerZone) {
      warnings.push(
        `TZ is ${containerZone}, so the schedule is in that time zone. In an image without time zone data, the connector ran in UTC.`,
      );
    }
    return schedule;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const quotes = /^(["']).*\1$/s.test(cronText)
      ? '; leave out the quotes around it, which docker run --env-file keeps'
      : '';
    problems.push({ path: 'CRON_SCHEDULE', message: `${error.message}${quotes}` });
    return undefined;
  }
}

/** The connector takes any interval below a second for one second. */
function roundUp(expression: string, warnings: string[]): string {
  const [, duration = ''] = /^@every\s+(\S+)$/.exec(expression) ?? [];
  if ((goDurationMs(duration) ?? Number.POSITIVE_INFINITY) >= 1_000) return expression;
  warnings.push(`CRON_SCHEDULE: "${expression}" is less than a second, so the job runs each second.`);
  return '@every 1s';
}

function readContainerZone(zone: string | undefined, warnings: string[]): string {
  if (zone === undefined) return 'UTC';
  // As the C library takes it: a colon in front means a file of the time zone database, which may have its whole path.
  const name = zone.replace(/^:?(\/usr\/share\/zoneinfo\/)?/, '');
  if (isTimeZone(name)) return name;
  warnings.push(`TZ: ${show(zone)} is not an IANA time zone such as Europe/Berlin; the schedule is in UTC.`);
  return 'UTC';
}

/** What was found wrong, or worth knowing. */
interface Findings {
  problems: ConfigProblem[];
  warnings: string[];
}

/** The value of a variable; undefined when it is empty. */
type GetVariable = (name: string) => string | undefined;

function readOrganization(get: GetVariable, problems: ConfigProblem[]): string | undefined {
  const organizations = [get('POLYTEIA_ORGANIZATION_ID'), get('POLYTEIA_ORGANIZATION_SLUG')];
  if (organizations.every((value) => value !== undefined)) {
    const message = 'expected only one of the two';
    problems.push({ path: 'POLYTEIA_ORGANIZATION_ID and POLYTEIA_ORGANIZATION_SLUG', message });
  }
  return organizations.find((value) => value !== undefined);
}

function readTarget(
  get: GetVariable,
  organization: string | undefined,
  { problems, warnings }: Findings,
): Connector['target'] {
  const duration = (name: IngestVariable) => {
    const text = get(name);
    if (text === undefined || !organization) return undefined;
    const value = readDuration(name, text, warnings);
    if (value === undefined)
      problems.push({ path: name, message: `${show(text)}: expected a duration such as 5s, 1m30s or 1h` });
    return value;
  };
  const pollInterval = duration('INGEST_POLL_INTERVAL');
  const timeout = duration('INGEST_TIMEOUT');
  const baseUrl = get('POLYTEIA_BASE_URL')?.replace(/\/+$/, '');
  return {
    // The rewritten connector sends CSV; its API's documentation does not say whether it accepts Parquet.
    ...(organization ? { organization, api: 'session', format: 'csv' } : {}),
    ...(baseUrl && baseUrl !== defaultBaseUrls[organization ? 'session' : 'classic'] ? { baseUrl } : {}),
    ...(pollInterval || timeout
      ? { ingest: { ...(pollInterval ? { pollInterval } : {}), ...(timeout ? { timeout } : {}) } }
      : {}),
  };
}

function describeMissing(name: string, variables: ConnectorVariables, isFile: boolean): string {
  if (variables[name] === '')
    return isFile
      ? 'is empty; $NAME in a value becomes nothing unless the file sets NAME further up'
      : 'is empty';
  const names = Object.keys(variables);
  const misspelled = findMisspelling(name, names);
  return misspelled === undefined ? 'missing' : `missing; is ${misspelled} meant to be this variable?`;
}

interface ReadOptions {
  /** Name in messages: the file, and which part of it. */
  label: string;
  /** Whether the variables are those of a .env file, which may name each other. */
  isFile?: boolean;
  /** Credentials that are set, but whose values are not visible here. */
  unseen?: Partial<Record<Credential, SecretValue>>;
  /** Who will keep the schedule. @default undecided */
  scheduler?: Scheduler;
}

/** Whose SQL a query of the session generation is; the classic one has DuckDB run it. */
const kindOfSql = (type = ''): SqlKind => (sourceTypes[type] === 'mysql' ? 'mysql' : 'postgres');

/**
 * Reads the variables of one process of the Go connector, of either generation: session if they name an organization,
 * else classic.
 *
 * @throws ConfigError that names the variables
 */
export function readConnector(variables: ConnectorVariables, options: ReadOptions): Connector {
  const { label, unseen = {}, scheduler = 'undecided' } = options;
  const get = (name: string) => variables[name]?.trim() || undefined;
  const problems: ConfigProblem[] = REQUIRED_VARIABLES.filter((name) => !get(name) && !(name in unseen)).map(
    (name) => ({ path: name, message: describeMissing(name, variables, options.isFile === true) }),
  );
  const warnings: string[] = [];

  const type = get('SOURCE_DATABASE_TYPE')?.toLowerCase();
  if (type !== undefined && !sourceTypes[type])
    problems.push({ path: 'SOURCE_DATABASE_TYPE', message: describeType(type) });
  const organization = readOrganization(get, problems);
  const query = cleanQuery(get('SOURCE_DATABASE_SQL_QUERY') ?? '');
  const wrongQuery = findQueryMistake(query, organization ? kindOfSql(type) : 'duckdb');
  if (wrongQuery !== undefined)
    problems.push({ path: 'SOURCE_DATABASE_SQL_QUERY', message: wrongQuery.message });
  const target = readTarget(get, organization, { problems, warnings });
  const schedule = readSchedule(get('CRON_SCHEDULE') ?? DEFAULT_CRON, get('TZ'), {
    scheduler,
    problems,
    warnings,
  });
  // A dot at the end keeps Kubernetes from looking in its own domains first; no certificate has it.
  const host = (get('SOURCE_DATABASE_HOST') ?? '').replace(/(?<=[^.])\.$/, '');
  const port = get('SOURCE_DATABASE_PORT') ?? '';
  const connector: Connector = {
    source: {
      type: sourceTypes[type ?? ''] ?? '',
      host,
      // The schema refuses what is not a number.
      port: /^\d+$/.test(port) ? Number(port) : (port as unknown as number),
      database: get('SOURCE_DATABASE_NAME') ?? '',
      tls: { mode: isRdsHost(host) ? 'verify-full' : 'disable' },
    },
    login: {
      username: get('SOURCE_DATABASE_USER') ?? unseen.SOURCE_DATABASE_USER ?? '',
      // Not trimmed: a space may belong to it.
      password: variables.SOURCE_DATABASE_PASSWORD ?? unseen.SOURCE_DATABASE_PASSWORD ?? '',
    },
    token: get('PERSONAL_ACCESS_TOKEN') ?? unseen.PERSONAL_ACCESS_TOKEN ?? '',
    target,
    sync: {
      // The rewritten connector sends its query to the source; its predecessor let DuckDB run it.
      ...(organization ? { query } : { duckdbQuery: query }),
      dataset: get('DATASET_ID') ?? '',
      ...(schedule ? { schedule } : {}),
      types: 'compatible',
      ...(scheduler === 'process' ? { whenUnchanged: 'upload' } : {}),
    },
    warnings,
    unneeded: scheduler === 'process' ? [] : PROCESS_VARIABLES.filter((name) => get(name) !== undefined),
  };
  // All at once, each by its variable.
  const named = new Set(problems.map(({ path }) => path));
  const parsed = parseConnector(connector, { sourceSecret: 'source', tokenSecret: 'token', job: 'default' });
  const others = 'problems' in parsed ? parsed.problems.filter(({ path }) => !named.has(path)) : [];
  if (problems.length + others.length > 0)
    throw new ConfigError(formatProblems(label, [...problems, ...others]));
  return connector;
}

/** What a configuration with just this connector's job needs to know. */
interface ConfigNames {
  sourceSecret: string;
  tokenSecret: string;
  job: string;
}

function parseConnector(
  { source, target, sync }: Connector,
  names: ConfigNames,
): { config: FerryConfig } | { problems: ConfigProblem[] } {
  const input = {
    version: 1,
    sources: { default: { ...source, auth: { type: 'password', secret: names.sourceSecret } } },
    polyteia: { default: { ...target, token: names.tokenSecret } },
    syncs: { [names.job]: { source: 'default', ...sync } },
  };
  const parsed = ferryConfigSchema.safeParse(input);
  if (parsed.success) return { config: parsed.data };
  const problems = describeIssues(ferryConfigSchema, parsed.error.issues, input).map(({ path, message }) => ({
    path: variableOf.find(([pattern]) => pattern.test(path))?.[1] ?? path,
    message,
  }));
  return { problems };
}

/**
 * The configuration with just this connector's job. Its source and target are called `default`.
 *
 * @throws ConfigError that names the variables
 */
export function configOf(connector: Connector, names: ConfigNames & { label: string }): FerryConfig {
  const parsed = parseConnector(connector, names);
  if ('config' in parsed) return parsed.config;
  throw new ConfigError(formatProblems(names.label, parsed.problems));
}
