import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import { explainFileError } from '../explain-file-error.ts';
import { certificatesIn, isCertificate } from './certificates.ts';
import { formatProblems } from './config-problems.ts';
import { findProblems } from './find-problems.ts';
import { isEnvFile, readEnvFile } from './go-connector/env-file.ts';
import { checkedProblems } from './mistakes/suggestions/check-lines.ts';
import type { Scheduler } from './schedule/eventbridge-schedule.ts';
import type { FerryConfig } from './schema/ferry-config.ts';

/** A configuration and what came with it. */
export interface LoadedConfig {
  config: FerryConfig;
  /** Absolute path of the file. */
  path: string;
  /** Warnings, which stop nothing. */
  warnings: string[];
  /** Secrets from the file itself, which only a connector's .env has. By the names that `config` uses for them. */
  secrets: ReadonlyMap<string, string>;
  /** Reads `secrets` from the file again: one may have been rotated. Only for a connector's .env. */
  rereadSecrets?: () => Promise<ReadonlyMap<string, string>>;
  /** The environment; a connector's .env file wins over it. */
  environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Parses and checks the text of a ferry.yaml.
 *
 * @param file name used in messages
 * @throws ConfigError that lists every problem with line, path, value and what is expected
 */
export function parseConfig(text: string, file: string, scheduler: Scheduler = 'eventbridge'): FerryConfig {
  return readConfigText(text, file, scheduler).config;
}

/** The same, with what is valid and hardly meant. */
function readConfigText(
  text: string,
  file: string,
  scheduler: Scheduler,
): { config: FerryConfig; warnings: string[] } {
  const check = (one: string) => findProblems(one, file, scheduler);
  const found = check(text);
  const { config, warnings, fault } = found;
  if (config) return { config, warnings };
  throw new ConfigError(formatProblems(file, checkedProblems(text, found, check)), { cause: fault?.cause });
}

async function readText(path: string, hint: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') throw new ConfigError(`${path} does not exist.`, { cause: error, hint });
    // Docker makes one where a file that is to be mounted does not exist.
    const mounted =
      code === 'EISDIR' ? 'If it is mounted, check that the file is where it is mounted from. ' : '';
    const { why } = explainFileError(error);
    throw new ConfigError(`${path} cannot be read${why}.`, { cause: error, hint: `${mounted}${hint}` });
  }
}

/**
 * The certificates of a PEM file, and nothing else from it: a private key next to them would be deployed too.
 *
 * @throws ConfigError when it has none
 */
export async function readCertificates(path: string, field: string, expected: string): Promise<string> {
  const text = await readText(path, `${field}: expected ${expected}.`);
  const certificates = certificatesIn(text);
  if (certificates.length === 0 || !certificates.every(isCertificate)) {
    const problem = certificates.length === 0 ? 'no certificate' : 'a certificate that cannot be read';
    throw new ConfigError(`${field}: ${path} contains ${problem}.`, {
      hint: 'Expected a PEM file: text with -----BEGIN CERTIFICATE-----.',
    });
  }
  return `${certificates.join('\n')}\n`;
}

/**
 * The paths of drivers, which are relative to the file: a name alone is looked for in the folder `drivers`, and stays as
 * it is when it is not there, for the place where the configuration is deployed, or the driver manager, knows it.
 */
function locateDrivers(config: FerryConfig, folder: string): FerryConfig {
  const sources = Object.entries(config.sources).map(([name, source]) => {
    const { odbc } = source;
    if (odbc === undefined) return [name, source] as const;
    const { driver } = odbc;
    const own = config.drivers === undefined ? undefined : resolve(folder, config.drivers, driver);
    const path = driver.includes('/') ? resolve(folder, driver) : own;
    if (path === undefined || (!driver.includes('/') && !existsSync(path))) return [name, source] as const;
    return [name, { ...source, odbc: { ...odbc, driver: path } }] as const;
  });
  const { drivers } = config;
  return {
    ...config,
    ...(drivers === undefined ? {} : { drivers: resolve(folder, drivers) }),
    sources: Object.fromEntries(sources),
  };
}

/**
 * Replaces the paths of certificate files by their text, so that the configuration can be used where the files do not
 * exist.
 */
async function inlineCertificates(config: FerryConfig, folder: string): Promise<FerryConfig> {
  const sources = await Promise.all(
    Object.entries(config.sources).map(async ([name, source]) => {
      const { ca } = source.tls;
      if (ca === undefined || ca === 'rds' || ca === 'system') return [name, source] as const;
      const expected = '"rds", "system" or the path of a PEM file';
      const pem = await readCertificates(resolve(folder, ca), `sources.${name}.tls.ca`, expected);
      return [name, { ...source, tls: { ...source.tls, ca: pem } }] as const;
    }),
  );
  const { extraCa } = config;
  return {
    ...config,
    ...(extraCa === undefined
      ? {}
      : { extraCa: await readCertificates(resolve(folder, extraCa), 'extraCa', 'the path of a PEM file') }),
    sources: Object.fromEntries(sources),
  };
}

/**
 * Reads a configuration: a ferry.yaml, or a .env file of the Go connector (recognised by its name).
 *
 * @param options.environment what a .env file leaves out is taken from here
 * @param options.scheduler who keeps the schedules: only where EventBridge does is one that it cannot keep an error.
 *   @default undecided
 * @throws ConfigError with a message that is complete and printable
 */
export async function loadConfig(options: {
  path: string;
  environment: Readonly<Record<string, string | undefined>>;
  scheduler?: Scheduler;
}): Promise<LoadedConfig> {
  const { scheduler = 'undecided' } = options;
  const path = resolve(options.path);
  const text = await readText(path, 'Name the file with --config, or write a new one with: ferry init');
  if (isEnvFile(path)) {
    const read = (said: string) => readEnvFile(said, options.environment, { file: options.path, scheduler });
    const rereadSecrets = async () =>
      read(await readText(path, 'It was there when this process began.')).secrets;
    return { ...read(text), path, rereadSecrets };
  }
  const folder = dirname(path);
  const read = readConfigText(text, options.path, scheduler);
  const config = locateDrivers(await inlineCertificates(read.config, folder), folder);
  return { config, path, warnings: read.warnings, secrets: new Map(), environment: options.environment };
}
