import * as z from 'zod';
import { nearestName } from '../../config/nearest-name.ts';
import type { SecretRef } from '../../config/schema/ferry-config.ts';
import { ConfigError } from '../../errors.ts';
import type { HostRule } from '../../network/host-rule.ts';
import { findJsonMistake } from '../../text/json-mistake.ts';
import type { AwsIdentity } from './aws-identity.ts';

/** Where Ferry's credentials come from. */
export interface SecretReader {
  /**
   * Reads the current value of a secret.
   *
   * @throws ConfigError when the secret does not exist or may not be read
   */
  read(ref: SecretRef): Promise<string>;
  /** Who this process is to AWS, for sources that accept that instead of a password. */
  readonly identity?: AwsIdentity;
  /** What to check when a source refuses a password from here. @default the secret of the source */
  readonly refusalHint?: string;
  /** Where these secrets may be sent. @default anywhere */
  readonly hostRule?: HostRule;
}

/** The name or ARN of a secret in messages; it is not secret itself. */
export function secretLabel(ref: SecretRef): string {
  return typeof ref === 'string' ? ref : ref.arn;
}

/** The environment variable with a secret on a laptop: `ferry/erp` → `FERRY_SECRET_FERRY_ERP`. */
export function secretVariable(name: string): string {
  return `FERRY_SECRET_${name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}`;
}

/**
 * Looks up a secret in given values first (a --secrets file, a .env file), then in environment variables, then in
 * `fallback` (Secrets Manager).
 *
 * @param options.values or what reads them: called for each secret, each time, so that a rotated one is seen
 */
export function createLocalSecretReader(options: {
  values: ReadonlyMap<string, string> | (() => Promise<ReadonlyMap<string, string>>);
  environment: Readonly<Record<string, string | undefined>>;
  fallback?: SecretReader;
  identity?: AwsIdentity;
}): SecretReader {
  const { identity = options.fallback?.identity, values } = options;
  return {
    ...(identity ? { identity } : {}),
    async read(ref) {
      const label = secretLabel(ref);
      const given = typeof values === 'function' ? await values() : values;
      const value = given.get(label) ?? options.environment[secretVariable(label)];
      if (value !== undefined) return value;
      if (options.fallback) return options.fallback.read(ref);
      throw new ConfigError(`The secret ${label} was not found on this machine.`, {
        hint: `${describeNearMiss(label, given)}Put it into the JSON file given by --secrets, set ${secretVariable(label)}, or set AWS_REGION and credentials to read it from Secrets Manager.`,
      });
    },
  };
}

/** What of the given values may have been meant: names are not secret. */
function describeNearMiss(label: string, given: ReadonlyMap<string, string>): string {
  const [first = '', ...rest] = label.split('/');
  if (rest.length > 0 && isGroupWith(given.get(first), rest[0] as string))
    return `The file of --secrets has it in a group: write "${label}": … instead of "${first}": {"${rest[0]}": …}. `;
  const nearest = nearestName(label, [...given.keys()]);
  // `polyteia` and `polyteia-2` are two secrets, and not one with a slip in its name.
  const isOther = nearest !== undefined && withoutNumber(nearest) === withoutNumber(label);
  return nearest === undefined || isOther ? '' : `The file of --secrets has "${nearest}": is that the one? `;
}

const withoutNumber = (name: string) => name.replace(/-?\d+$/, '');

function isGroupWith(value: string | undefined, name: string): boolean {
  if (!value?.startsWith('{')) return false;
  try {
    return Object.hasOwn(JSON.parse(value) as object, name);
  } catch {
    return false;
  }
}

/** Where JSON ends being JSON, in words that hold nothing of it. */
function whereItFails(text: string): string {
  // UTF-16, as PowerShell writes it, has zero bytes or, read as UTF-8, replaced characters.
  if (/^[\uFFFD\0]|^.?\0/s.test(text)) return ': it is not in UTF-8, so save it as that';
  const mistake = findJsonMistake(text.replace(/^\uFEFF/, ''));
  if (mistake === undefined) return '';
  return `: line ${mistake.line}, column ${mistake.column}: ${mistake.what}`;
}

const secretsFile = z.array(z.tuple([z.string(), z.union([z.string(), z.looseObject({})])]));

/** Reads the JSON file given by `--secrets`: secret name → the value that Secrets Manager would return. */
export function parseSecretsFile(text: string, file: string): ReadonlyMap<string, string> {
  let value: unknown;
  try {
    // Windows writes a byte order mark.
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The parser's message quotes the text, which is secret, so it may not even become the cause.
    throw new ConfigError(`${file} is not valid JSON${whereItFails(text)}.`, {
      hint: 'Expected: {"secret name": "value", …}.',
    });
  }
  // One by one: zod's records drop a name like `__proto__`.
  const parsed = secretsFile.safeParse(
    value instanceof Object && !Array.isArray(value) && Object.entries(value),
  );
  if (!parsed.success) {
    throw new ConfigError(`${file} is not a JSON object of secret names and values.`, {
      hint: 'Expected: {"ferry/erp": {"username": "…", "password": "…"}, "ferry/polyteia": "pak_…"}.',
    });
  }
  return new Map(
    parsed.data.map(([name, secret]) => [name, typeof secret === 'string' ? secret : JSON.stringify(secret)]),
  );
}
