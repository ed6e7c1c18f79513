import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigError } from '../../shared/errors.ts';
import { type ApiAccess, isLoopbackAddress } from '../../shared/serve/api-access.ts';
import type { ServeOptions } from '../../shared/serve/serve-options.ts';
import { goDurationMs } from '../../shared/text/go-duration.ts';
import type { CliContext } from '../cli-context.ts';

type Environment = CliContext['environment'];

/** What was typed behind `ferry serve`. */
export interface ServeCommandOptions {
  catchUp?: string;
  grace?: string;
  maxRuns?: string;
  timeout?: string;
  name?: string;
  apiHost?: string;
  apiPort?: string;
  apiAuth?: string;
  apiTokenFile?: string;
}

const LONGEST_MS = 500 * 3_600_000;
const DEFAULT_PORT = 8000;

/**
 * The settings of the process, from its options, else from the environment.
 *
 * @throws ConfigError that names the option or variable
 */
export function readServeSettings(
  options: ServeCommandOptions,
  environment: Environment,
): Pick<ServeOptions, 'catchUpMs' | 'graceMs' | 'maxRuns' | 'timeoutMs' | 'name' | 'healthPort'> {
  const { catchUp, grace, maxRuns, timeout, name } = options;
  const value = createReader(environment);
  return {
    catchUpMs: duration(value('--catch-up', catchUp, 'FERRY_CATCH_UP', '1h'), 0),
    graceMs: duration(value('--grace', grace, 'FERRY_GRACE', '25s'), 0),
    timeoutMs: duration(value('--timeout', timeout, 'FERRY_TIMEOUT', '6h'), 1_000),
    maxRuns: integer(value('--max-runs', maxRuns, 'FERRY_MAX_RUNS', '2'), 1, 64),
    name: nameOf(value('--name', name, 'FERRY_NAME', 'ferry')),
    healthPort: integer(value('HEALTH_CHECK_PORT', undefined, 'HEALTH_CHECK_PORT', '8080'), 0, 65_535),
  };
}

/**
 * Where the API listens, and who may use it. On an address that others reach it needs a token, or the word that it
 * needs none.
 *
 * @throws ConfigError when it would be open, or a value is wrong
 */
export async function readApiSettings(
  options: ServeCommandOptions,
  { folder, environment }: Pick<CliContext, 'folder' | 'environment'>,
): Promise<NonNullable<ServeOptions['api']>> {
  const value = createReader(environment);
  const { text: host } = value('--api-host', options.apiHost, 'FERRY_API_HOST', '127.0.0.1');
  const port = integer(
    value('--api-port', options.apiPort, 'FERRY_API_PORT', String(DEFAULT_PORT)),
    0,
    65_535,
  );
  return { host, port, access: await readAccess(host, options, { folder, environment }) };
}

async function readAccess(
  host: string,
  { apiAuth, apiTokenFile }: ServeCommandOptions,
  { folder, environment }: Pick<CliContext, 'folder' | 'environment'>,
): Promise<ApiAccess> {
  const kind = apiAuth ?? (environment.FERRY_API_AUTH || undefined);
  if (kind !== undefined && kind !== 'none' && kind !== 'token')
    throw new ConfigError('--api-auth: expected none or token.');
  const file = apiTokenFile ?? (environment.FERRY_API_TOKEN_FILE || undefined);
  if (kind === 'none') {
    if (file !== undefined || environment.FERRY_API_TOKEN)
      throw new ConfigError('--api-auth none and an API token exclude each other: leave one of them out.');
    return { type: 'none' };
  }
  const token =
    file === undefined ? environment.FERRY_API_TOKEN?.trim() : await readToken(resolve(folder, file));
  if (token) return { type: 'token', token: checkToken(token) };
  if (kind === undefined && isLoopbackAddress(host)) return { type: 'loopback' };
  throw new ConfigError(`The API on ${host} needs a token, because others can reach that address.`, {
    hint: 'Set FERRY_API_TOKEN or --api-token-file, for example with the output of: openssl rand -hex 32. If something in front of Ferry checks callers, write --api-auth none.',
  });
}

async function readToken(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ConfigError(`${path} cannot be read.`, { cause: error, hint: '--api-token-file names it.' });
  });
  const token = text.trim();
  if (token === '') throw new ConfigError(`${path} is empty: expected the token of the API.`);
  return token;
}

/** As a header can carry it. */
function checkToken(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new ConfigError('The API token contains spaces or characters that no header can carry.', {
    hint: 'Use letters, digits and punctuation, for example the output of: openssl rand -hex 32.',
  });
}

/** A setting, and where it came from, for messages. */
interface Setting {
  text: string;
  label: string;
}

function createReader(environment: Environment) {
  return (option: string, typed: string | undefined, variable: string, otherwise: string): Setting => {
    if (typed !== undefined) return { text: typed, label: option };
    const set = environment[variable]?.trim();
    return { text: set || otherwise, label: set ? variable : option };
  };
}

function duration({ text, label }: Setting, least: number): number {
  const ms = goDurationMs(text);
  if (ms === undefined || ms < least || ms > LONGEST_MS)
    throw new ConfigError(`${label}: expected a time such as 90s, 30m or 12h, at most 500h.`);
  return ms;
}

function integer({ text, label }: Setting, least: number, most: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new ConfigError(`${label}: expected a number from ${least} to ${most}.`);
}

function nameOf({ text, label }: Setting): string {
  if (/^[\w.-]{1,64}$/.test(text)) return text;
  throw new ConfigError(`${label}: expected up to 64 letters, digits, and . _ -`);
}
