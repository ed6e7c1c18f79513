import * as z from 'zod';
import { type AtlanError, type FieldProblem, wrongBody, wrongField } from './answers.ts';

/** Where a caller of the API wants Ferry to sign in, and how. */
export type CatalogTarget =
  /** A source of the configuration, by its name. */
  { source: string } | { credentials: SentCredentials };

/** The kinds of databases that callers may send credentials for, and their ports. */
const DEFAULT_PORTS = { postgres: 5432, mysql: 3306 } as const;
type Connector = keyof typeof DEFAULT_PORTS;

/** Credentials in a request. All but connector, host, port, database and region count as secret. */
export type SentCredentials = { connector: Connector; host: string; port: number; database: string } & (
  | { authType: 'basic'; username: string; password: string }
  | {
      authType: 'iam_user';
      username: string;
      accessKeyId: string;
      secretAccessKey: string;
      region: string | undefined;
    }
  | {
      authType: 'iam_role';
      username: string;
      roleArn: string;
      externalId: string | undefined;
      region: string | undefined;
    }
);

type Fields = Record<string, unknown>;

// An empty text is a field of a form that nobody has filled in. In a login, a NUL ends what it is in.
const text = z
  .string()
  .max(4_096)
  .regex(/^[^\0]*$/, 'a text without a NUL character')
  .nullish()
  .transform((value) => value || undefined);
const port = z
  .union([z.int(), z.string().regex(/^\s*\d{1,5}\s*$/, 'a port from 1 to 65535'), z.literal('')])
  .nullish()
  .transform((value) => (value === undefined || value === null || value === '' ? undefined : Number(value)))
  .refine((value) => value === undefined || (value >= 1 && value <= 65_535), 'a port from 1 to 65535');

const credentialFields = z.looseObject({
  connectorName: text,
  host: text,
  port,
  username: text,
  password: text,
  database: text,
  region: text,
  authType: text,
  credential_guid: text,
});
const extraFields = z.looseObject({
  database: text,
  username: text,
  aws_role_arn: text,
  role_arn: text,
  aws_external_id: text,
  external_id: text,
  region: text,
  aws_region: text,
});

const AUTH_TYPES = ['basic', 'iam_user', 'iam_role'] as const;

/**
 * Reads credentials: an object, with `extra` as an object or as JSON; or a list of keys and values, as version 3 of the
 * app has it.
 *
 * @param at where they are in the body, for messages
 * @throws AtlanError (422) that names the field, and never repeats a value
 */
export function readCredentials(value: unknown, at: readonly string[]): CatalogTarget {
  const fields = fieldsOf(value, at);
  const { extra: rawExtra, ...rest } = fields;
  const given = parse(credentialFields, rest, at);
  if (given.credential_guid !== undefined) return { source: given.credential_guid };
  const extra = parse(extraFields, extraOf(rawExtra, at), [...at, 'extra']);
  const authType = given.authType ?? 'basic';
  if (!isAuthType(authType))
    throw wrongField([...at, 'authType'], `expected one of ${AUTH_TYPES.join(', ')}`);
  const connector = given.connectorName ?? 'postgres';
  if (!isConnector(connector))
    throw wrongField([...at, 'connectorName'], `expected one of ${Object.keys(DEFAULT_PORTS).join(', ')}`);
  const problems: FieldProblem[] = [];
  const required = (found: string | undefined, ...path: string[]) => {
    if (found === undefined)
      problems.push({ loc: ['body', ...at, ...path], msg: 'Field required', type: 'missing' });
    return found ?? '';
  };
  const place = {
    connector,
    host: required(given.host, 'host'),
    port: given.port ?? DEFAULT_PORTS[connector],
    database: required(extra.database ?? given.database, 'database'),
  };
  const region = given.region ?? extra.region ?? extra.aws_region;
  const credentials = ((): SentCredentials => {
    switch (authType) {
      case 'basic':
        return {
          ...place,
          authType,
          username: required(given.username, 'username'),
          password: required(given.password, 'password'),
        };
      case 'iam_user':
        return {
          ...place,
          authType,
          region,
          username: required(extra.username, 'extra', 'username'),
          accessKeyId: required(given.username, 'username'),
          secretAccessKey: required(given.password, 'password'),
        };
      case 'iam_role':
        return {
          ...place,
          authType,
          region,
          username: required(extra.username ?? given.username, 'username'),
          roleArn: required(extra.aws_role_arn ?? extra.role_arn, 'extra', 'aws_role_arn'),
          externalId: extra.aws_external_id ?? extra.external_id,
        };
    }
  })();
  if (problems.length > 0) throw wrongBody(problems);
  return { credentials };
}

/** Whether a body has credentials at its top, where `/auth` and `/metadata` expect them. */
export const hasCredentials = (body: Fields) =>
  ['host', 'username', 'password', 'authType', 'extra', 'credential_guid'].some((key) =>
    Object.hasOwn(body, key),
  );

const isAuthType = (value: string): value is (typeof AUTH_TYPES)[number] =>
  (AUTH_TYPES as readonly string[]).includes(value);

const isConnector = (value: string): value is Connector => Object.hasOwn(DEFAULT_PORTS, value);

const pairs = z.array(z.strictObject({ key: z.string().max(100), value: z.unknown() })).max(100);

/** As one object. The keys of a list may be `extra.database` for what is `database` of `extra` elsewhere. */
function fieldsOf(value: unknown, at: readonly string[]): Fields {
  if (!Array.isArray(value)) return objectOf(value, at);
  const list = pairs.safeParse(value);
  if (!list.success) throw wrongField(at, 'expected a list of {key, value}');
  const fields: Fields = {};
  const nested: Fields = {};
  for (const { key, value: one } of list.data) {
    const [, inner] = /^extra\.(.+)$/.exec(key) ?? [];
    if (inner === undefined) fields[key] = one;
    else nested[inner] = one;
  }
  if (Object.keys(nested).length === 0) return fields;
  return { ...fields, extra: { ...extraOf(fields.extra, at), ...nested } };
}

function extraOf(value: unknown, at: readonly string[]): Fields {
  if (value === undefined || value === null || value === '') return {};
  if (typeof value !== 'string') return objectOf(value, [...at, 'extra']);
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    throw wrongField([...at, 'extra'], 'expected an object, or its JSON as a text');
  }
  return objectOf(parsed, [...at, 'extra']);
}

function objectOf(value: unknown, at: readonly string[]): Fields {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Fields;
  throw wrongField(at, 'expected an object', 'dict_type');
}

function parse<T>(schema: z.ZodType<T>, value: unknown, at: readonly string[]): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw problemsOf(parsed.error, at);
}

/** The problems of a body, without its values. */
export function problemsOf(error: z.ZodError, at: readonly string[] = []): AtlanError {
  const fields = error.issues.map((issue) => ({
    loc: ['body', ...at, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))],
    msg: messageOf(issue),
    type: issue.code,
  }));
  return wrongBody(fields);
}

function messageOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected === 'record' ? 'object' : issue.expected}`;
    case 'invalid_union':
      return 'expected another type of value';
    case 'too_big':
      return `expected at most ${issue.maximum}`;
    case 'too_small':
      return `expected at least ${issue.minimum}`;
    case 'invalid_value':
      return `expected ${issue.values.map(String).join(' or ')}`;
    case 'unrecognized_keys':
      return 'unknown fields';
    default:
      return `expected ${issue.message}`;
  }
}
