import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { ConfigError } from '../errors.ts';
import { certificatesIn, isCertificate } from './certificates.ts';
import {
  type ConfigProblem,
  describeIssues,
  findReservedNames,
  formatProblems,
  lineOf,
  unknownNameMessage,
} from './config-problems.ts';
import { isEnvFile, readEnvFile } from './go-connector/env-file.ts';
import { findNetworkProblem } from './rules/extraction-network.ts';
import { findSharedOutputs } from './rules/extraction-outputs.ts';
import { findSourceProblems } from './rules/extraction-sources.ts';
import { type Scheduler, toEventBridgeSchedule } from './schedule/eventbridge-schedule.ts';
import { parseSchedule } from './schedule/parse-schedule.ts';
import { type FerryConfig, ferryConfigSchema, type ScheduleConfig } from './schema/ferry-config.ts';

/** A configuration and what came with it. */
export interface LoadedConfig {
  config: FerryConfig;
  /** Absolute path of the file. */
  path: string;
  /** Warnings, which stop nothing. */
  warnings: string[];
  /** Secrets from the file itself, which only a connector's .env has. By the names that `config` uses for them. */
  secrets: ReadonlyMap<string, string>;
  /** The environment; a connector's .env file wins over it. */
  environment: Readonly<Record<string, string | undefined>>;
}

type Plain = Record<string, unknown>;
const isPlain = (value: unknown): value is Plain =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** Fields of `own` win; groups of fields are merged, and everything else is replaced as a whole. */
function mergeDefaults(defaults: unknown, own: unknown): unknown {
  if (!isPlain(defaults) || !isPlain(own)) return own ?? defaults;
  const merged: Plain = { ...defaults };
  for (const [key, value] of Object.entries(own)) merged[key] = mergeDefaults(defaults[key], value);
  return merged;
}

/** Where in `defaults` a field of a source or schedule may come from. */
function originOf([group, , ...rest]: readonly string[]): string[] | undefined {
  if (group === 'sources' && rest.length > 0) return ['defaults', 'source', ...rest];
  if ((group === 'syncs' || group === 'extractions') && rest[0] === 'schedule' && rest.length > 1)
    return ['defaults', 'schedule', ...rest.slice(1)];
  return undefined;
}

const mapValues = (group: unknown, change: (value: unknown) => unknown): unknown =>
  isPlain(group)
    ? Object.fromEntries(Object.entries(group).map(([key, value]) => [key, change(value)]))
    : group;

function applyDefaults(raw: unknown): unknown {
  if (!isPlain(raw) || !isPlain(raw.defaults)) return raw;
  const { source, schedule } = raw.defaults;
  const withSchedule = (own: unknown) =>
    isPlain(own) && isPlain(own.schedule) ? { ...own, schedule: mergeDefaults(schedule, own.schedule) } : own;
  return {
    ...raw,
    sources: mapValues(raw.sources, (own) => (isPlain(own) ? mergeDefaults(source, own) : own)),
    ...(raw.syncs === undefined ? {} : { syncs: mapValues(raw.syncs, withSchedule) }),
    ...(raw.extractions === undefined ? {} : { extractions: mapValues(raw.extractions, withSchedule) }),
  };
}

/** What one field alone does not show: references between the parts, and cron expressions that cannot be scheduled. */
function checkReferences(config: FerryConfig, scheduler: Scheduler): (ConfigProblem & { at: string[] })[] {
  const problems: (ConfigProblem & { at: string[] })[] = [];
  const add = (at: string[], message: string) => problems.push({ at, path: at.join('.'), message });
  const jobs = new Map<string, string>();
  const checkJob = (group: string, job: string, schedule: ScheduleConfig | undefined) => {
    // S3 keys, CloudFormation's logical ids and every file system must be able to distinguish two jobs.
    const twin = jobs.get(job.toLowerCase());
    if (twin === job) add([group, job], 'is also the name of a sync: choose another name');
    else if (twin) add([group, job], `differs from "${twin}" only in case: choose another name`);
    jobs.set(job.toLowerCase(), job);
    if (!schedule) return;
    const problem = problemOf(() =>
      scheduler === 'eventbridge' ? toEventBridgeSchedule(schedule) : parseSchedule(schedule.cron),
    );
    if (problem !== undefined) add([group, job, 'schedule', 'cron'], problem);
  };
  for (const [job, sync] of Object.entries(config.syncs)) {
    if (!Object.hasOwn(config.sources, sync.source)) {
      add(['syncs', job, 'source'], unknownNameMessage('source', sync.source, Object.keys(config.sources)));
    }
    if (!Object.hasOwn(config.polyteia, sync.polyteia)) {
      add(
        ['syncs', job, 'polyteia'],
        unknownNameMessage('Polyteia target', sync.polyteia, Object.keys(config.polyteia)),
      );
    }
    checkJob('syncs', job, sync.schedule);
  }
  for (const [job, extraction] of Object.entries(config.extractions)) {
    const unknown = findSourceProblems(config, extraction);
    for (const { index, message } of unknown) add(['extractions', job, 'sources', String(index)], message);
    const divided = unknown.length === 0 ? findNetworkProblem(config, extraction) : undefined;
    if (divided !== undefined) add(['extractions', job, 'sources'], divided);
    checkJob('extractions', job, extraction.schedule);
  }
  for (const { job, message } of findSharedOutputs(config)) add(['extractions', job], message);
  return problems;
}

/** @returns the message of the ConfigError that `check` throws */
function problemOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
}

/** What this process schedules and AWS would not. */
function warnOfEventBridge({ syncs, extractions }: FerryConfig): string[] {
  return Object.entries({ ...syncs, ...extractions }).flatMap(([job, { schedule }]) => {
    const problem = schedule && problemOf(() => toEventBridgeSchedule(schedule));
    return problem === undefined
      ? []
      : [`${job}: ferry serve keeps this schedule, AWS could not: ${problem}.`];
  });
}

function toPlain(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 1000 });
  } catch (error) {
    // An alias (*name) without its anchor (&name), or one that expands the document enormously.
    throw new ConfigError(`${file} is not valid: it contains an alias (*name) that cannot be resolved.`, {
      cause: error,
    });
  }
}

/**
 * Parses and checks the text of a ferry.yaml.
 *
 * @param file name used in messages
 * @throws ConfigError that lists every problem with line, path, value and what is expected
 */
export function parseConfig(text: string, file: string, scheduler: Scheduler = 'eventbridge'): FerryConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    uniqueKeys: true,
  });
  // A warning is a tag that YAML does not know, so its value would not be what the writer meant.
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const problems = faults.map((error) => ({
      path: '',
      line: lines.linePos(error.pos[0]).line,
      message: `not valid YAML (${error.code.toLowerCase().replaceAll('_', ' ')})`,
    }));
    throw new ConfigError(formatProblems(file, problems));
  }
  if (document.contents === null)
    throw new ConfigError(`${file} is empty.`, { hint: 'Write a first one with: ferry init' });
  const raw = toPlain(document, file);
  const input = applyDefaults(raw);
  const parsed = ferryConfigSchema.safeParse(input);
  const reserved = findReservedNames(raw);
  // A source that was left out would seem to be unknown.
  const references = parsed.success && reserved.length === 0 ? checkReferences(parsed.data, scheduler) : [];
  const found = parsed.success ? references : describeIssues(ferryConfigSchema, parsed.error.issues, input);
  const problems = [...reserved, ...found.filter(({ path }) => !reserved.some((one) => one.path === path))];
  if (parsed.success && problems.length === 0) return parsed.data;

  const located = problems.map(({ at, path, message }) => {
    // A wrong value in `defaults` appears in every source that inherits it: report it once, where it was written.
    const origin = originOf(at.map(String));
    const inherited = origin !== undefined && !document.hasIn(at) && document.hasIn(origin);
    const where = inherited ? origin : at;
    const line = lineOf(document, lines, where);
    return { path: inherited ? origin.join('.') : path, message, ...(line === undefined ? {} : { line }) };
  });
  const unique = [
    ...new Map(located.map((problem) => [`${problem.path} ${problem.message}`, problem])).values(),
  ];
  throw new ConfigError(formatProblems(file, unique));
}

async function readText(path: string, hint: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason =
      error instanceof Error && 'code' in error && error.code === 'ENOENT'
        ? 'does not exist'
        : 'cannot be read';
    throw new ConfigError(`${path} ${reason}.`, { cause: error, hint });
  }
}

/** The certificates of a PEM file, and nothing else from it: a private key next to them would be deployed too. */
async function readCertificates(path: string, field: string, expected: string): Promise<string> {
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
 * @param options.scheduler who keeps the schedules: what AWS would refuse is a warning where Ferry's own process does.
 *   @default eventbridge
 * @throws ConfigError with a message that is complete and printable
 */
export async function loadConfig(options: {
  path: string;
  environment: Readonly<Record<string, string | undefined>>;
  scheduler?: Scheduler;
}): Promise<LoadedConfig> {
  const { scheduler = 'eventbridge' } = options;
  const path = resolve(options.path);
  const text = await readText(path, 'Name the file with --config, or write a new one with: ferry init');
  if (isEnvFile(path)) {
    return { ...readEnvFile(text, options.environment, { file: options.path, scheduler }), path };
  }
  const config = await inlineCertificates(parseConfig(text, options.path, scheduler), dirname(path));
  const warnings = scheduler === 'process' ? warnOfEventBridge(config) : [];
  return { config, path, warnings, secrets: new Map(), environment: options.environment };
}
