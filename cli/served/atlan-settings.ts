import { resolve } from 'node:path';
import { readCertificates } from '../../shared/config/load-config.ts';
import { type FerryConfig, ferryConfigSchema, tlsModes } from '../../shared/config/schema/ferry-config.ts';
import { ConfigError } from '../../shared/errors.ts';
import { parseHostRule } from '../../shared/network/host-rule.ts';
import type { AtlanSettings } from '../../shared/serve/serve-options.ts';
import type { CliContext } from '../cli-context.ts';
import type { ServeCommandOptions } from './serve-settings.ts';
import { createSettingReader, integerOf, type Setting } from './setting.ts';

type Environment = CliContext['environment'];

const ROLE_FORM = /^arn:[a-z0-9*-]+:iam::[\d*]+:role\/[\w+=,.@/*-]{1,512}$/;
const DEFAULT_DAYS = 30;
const DEFAULT_APPLICATION = 'default';

/**
 * What callers of Atlan's REST API may do, from the options of the process, else from the environment.
 *
 * @throws ConfigError that names the option or variable
 */
export async function readAtlanSettings(
  options: ServeCommandOptions,
  { folder, environment }: Pick<CliContext, 'folder' | 'environment'>,
): Promise<AtlanSettings> {
  const value = createSettingReader(environment);
  const hosts = value('--allow-hosts', options.allowHosts, 'FERRY_ALLOW_HOSTS');
  const roles = value('--allow-role-arns', options.allowRoleArns, 'FERRY_ALLOW_ROLE_ARNS');
  const mode = value('--credentials-tls', options.credentialsTls, 'FERRY_CREDENTIALS_TLS');
  const ca = value('--credentials-ca', options.credentialsCa, 'FERRY_CREDENTIALS_CA');
  const days = value('--config-days', options.configDays, 'FERRY_CONFIG_DAYS', String(DEFAULT_DAYS));
  return {
    rules: {
      hostRule: hosts && parseHostRule(hosts.text, hosts.label),
      roleArns: roles ? readRoles(roles) : [],
      tls: {
        ...(mode ? { mode: readMode(mode) } : {}),
        ...(ca ? { ca: await readCa(ca, folder), caName: ca.text } : {}),
      },
    },
    applicationName: environment.ATLAN_APPLICATION_NAME?.trim() || DEFAULT_APPLICATION,
    configDays: integerOf(days, 1, 9_999),
  };
}

const readCa = async ({ text, label }: Setting, folder: string) =>
  text === 'rds' || text === 'system'
    ? text
    : readCertificates(resolve(folder, text), label, 'rds, system or the path of a PEM file');

function readRoles({ text, label }: Setting): string[] {
  const roles = text.split(/\s+|,(?=arn:)/).filter((role) => role !== '');
  if (roles.every((role) => ROLE_FORM.test(role))) return roles;
  throw new ConfigError(`${label}: expected ARNs of roles, separated by commas.`, {
    hint: 'For example arn:aws:iam::123456789012:role/atlan-*.',
  });
}

function readMode({ text, label }: Setting): (typeof tlsModes)[number] {
  const found = tlsModes.find((one) => one === text);
  if (found) return found;
  throw new ConfigError(`${label}: expected one of ${tlsModes.join(', ')}.`);
}

/**
 * The configuration, changed as the environment of Atlan's app says: its variables win over `atlan` of ferry.yaml.
 *
 * @throws ConfigError that names the variable
 */
export function applyAtlanEnvironment(config: FerryConfig, environment: Environment): FerryConfig {
  const schema = ferryConfigSchema.shape.atlan;
  let { atlan } = config;
  const fields = {
    ATLAN_TENANT_ID: (tenant: string) => ({ tenant }),
    ATLAN_SQL_SERVER_MIN_VERSION: (minimumVersion: string) => ({ minimumVersion }),
    ATLAN_APPLICATION_NAME: (application: string) => ({ output: { ...atlan.output, application } }),
  };
  for (const [variable, fieldOf] of Object.entries(fields)) {
    const value = environment[variable]?.trim();
    if (!value) continue;
    const parsed = schema.safeParse({ ...atlan, ...fieldOf(value) });
    if (!parsed.success)
      throw new ConfigError(`${variable}: expected ${parsed.error.issues[0]?.message ?? 'another value'}.`);
    atlan = parsed.data;
  }
  return { ...config, atlan };
}

/** A configuration without jobs, for a process that only answers callers of Atlan's API. */
export const emptyConfig = (): FerryConfig => ferryConfigSchema.parse({ version: 1, sources: {} });
