import { isIP, isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import { ConfigError, toFerryError } from '../../shared/errors.ts';
import type { ApiAccess } from '../../shared/serve/listeners/api-access.ts';
import { isLoopbackAddress } from '../../shared/serve/listeners/loopback.ts';
import type { ServeOptions } from '../../shared/serve/serve-options.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { CliContext } from '../cli-context.ts';
import { followFile } from '../local/follow-file.ts';
import { createSettingReader, durationOf, integerOf, type Setting } from './setting.ts';

type Environment = CliContext['environment'];
type AccessContext = Pick<CliContext, 'folder' | 'environment'> & { logger: Logger };

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
  allowHosts?: string;
  allowRoleArns?: string;
  credentialsTls?: string;
  credentialsCa?: string;
  configDays?: string;
}

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
  const value = createSettingReader(environment);
  return {
    catchUpMs: durationOf(value('--catch-up', catchUp, 'FERRY_CATCH_UP', '1h'), 0),
    graceMs: durationOf(value('--grace', grace, 'FERRY_GRACE', '25s'), 0),
    timeoutMs: durationOf(
      value('--timeout', timeout, 'FERRY_TIMEOUT', atlanTimeout(environment) ?? '6h'),
      1_000,
    ),
    maxRuns: integerOf(value('--max-runs', maxRuns, 'FERRY_MAX_RUNS', '2'), 1, 64),
    name: nameOf(value('--name', name, 'FERRY_NAME', 'ferry')),
    healthPort: integerOf(value('HEALTH_CHECK_PORT', undefined, 'HEALTH_CHECK_PORT', '8080'), 0, 65_535),
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
  { folder, environment, logger }: AccessContext,
): Promise<NonNullable<ServeOptions['api']>> {
  const value = createSettingReader(environment);
  const { ATLAN_APP_HTTP_HOST: atlanHost, ATLAN_APP_HTTP_PORT: atlanPort } = environment;
  const host = hostOf(
    value('--api-host', options.apiHost, 'FERRY_API_HOST', atlanHost?.trim() || '127.0.0.1'),
  );
  const port = integerOf(
    value('--api-port', options.apiPort, 'FERRY_API_PORT', atlanPort?.trim() || String(DEFAULT_PORT)),
    0,
    65_535,
  );
  return { host, port, access: await readAccess(host, options, { folder, environment, logger }) };
}

async function readAccess(
  host: string,
  { apiAuth, apiTokenFile }: ServeCommandOptions,
  { folder, environment, logger }: AccessContext,
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
  if (file !== undefined) return { type: 'token', token: await followToken(resolve(folder, file), logger) };
  const token = environment.FERRY_API_TOKEN?.trim();
  if (token) return { type: 'token', token: checkToken(token) };
  if (kind === undefined && isLoopbackAddress(host)) return { type: 'loopback' };
  throw new ConfigError(`The API on ${host} needs a token, because others can reach that address.`, {
    hint: 'Set FERRY_API_TOKEN or --api-token-file, for example with the output of: openssl rand -hex 32. If something in front of Ferry checks callers, write --api-auth none.',
  });
}

/**
 * A rotated token counts from the next request on. While the file cannot be read, the last one that could counts: it
 * may be about to be replaced. Removing the file does not end access, so the log says so.
 */
async function followToken(path: string, logger: Logger): Promise<() => Promise<string>> {
  const parse = (text: string) => {
    const token = text.trim();
    if (token === '') throw new ConfigError(`${path} is empty: expected the token of the API.`);
    return checkToken(token);
  };
  const file = await followFile(path, parse, { named: '--api-token-file names it.' });
  let last = file.first;
  let isLost = false;
  return async () => {
    try {
      last = await file.read();
      if (isLost) logger.info(`${path} can be read again: its token is the valid one`);
      isLost = false;
    } catch (error) {
      const { class: kind, message, hint } = toFerryError(error);
      if (!isLost)
        logger.warn(
          { class: kind, hint },
          `${message} The last API token stays valid until it can be read again.`,
        );
      isLost = true;
    }
    return last;
  };
}

/** As a header can carry it. */
function checkToken(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new ConfigError('The API token contains spaces or characters that no header can carry.', {
    hint: 'Use letters, digits and punctuation, for example the output of: openssl rand -hex 32.',
  });
}

/** The limit of Atlan's app, in hours. */
function atlanTimeout({ ATLAN_WORKFLOW_MAX_TIMEOUT_HOURS: hours = '' }: Environment): string | undefined {
  return hours.trim() === '' ? undefined : `${hours.trim()}h`;
}

/** An address as a socket takes it: without the brackets of a URL. */
function hostOf({ text, label }: Setting): string {
  const [, bracketed] = /^\[(.*)\]$/.exec(text) ?? [];
  if (bracketed === undefined ? isIP(text) !== 0 : isIPv6(bracketed)) return bracketed ?? text;
  // The resolver takes numbers for addresses: 8000 would be 0.0.31.64.
  const isName = /^(?=.{1,253}$)[a-z\d]([\w-]*[a-z\d])?(\.[a-z\d]([\w-]*[a-z\d])?)*$/i.test(text);
  if (isName && !/(^|\.)(\d+|0x[\da-f]*)$/i.test(text)) return text;
  throw new ConfigError(
    `${label}: expected an address of this machine, such as 127.0.0.1, ::1 or 0.0.0.0, or a name.`,
    { hint: 'Without a scheme and a port: the port is --api-port (FERRY_API_PORT).' },
  );
}

/**
 * Two listeners need two ports.
 *
 * @throws ConfigError that names both settings
 */
export function assertPortsDiffer(healthPort: number, api: { port: number } | undefined): void {
  if (healthPort === 0 || healthPort !== api?.port) return;
  throw new ConfigError(`HEALTH_CHECK_PORT and --api-port are both ${healthPort}.`, {
    hint: 'Choose another port for one of them (FERRY_API_PORT for the API).',
  });
}

function nameOf({ text, label }: Setting): string {
  if (/^[\w.-]{1,64}$/.test(text)) return text;
  throw new ConfigError(`${label}: expected up to 64 letters, digits, and . _ -`);
}
