import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { hostName, type SecretRef, type SourceConfig } from '../../config/schema/ferry-config.ts';
import { nameSecret } from '../../config/schema/secret-ref.ts';
import { ConfigError } from '../../errors.ts';
import type { HostRule } from '../../network/host-rule.ts';
import type { AwsKeys } from './aws-identity.ts';
import { assertComplete, explainRefusedToken, sessionName, signToken, tokenScopeOf } from './rds-token.ts';
import { readJsonSecret } from './read-secret.ts';
import { type SecretReader, secretLabel } from './secrets.ts';

/** The user to sign in as, and the password or token. */
export interface Credentials {
  username: string;
  /**
   * Secret: bind it, never print it. A function makes one for each connection, valid for that connection only; it
   * expires while the connection stays open.
   */
  password: string | ((signal?: AbortSignal) => Promise<string>);
}

/** How to sign in to a source, for the duration of a run. */
export interface Login extends Credentials {
  host: string;
  port: number;
  database: string;
  /** The server's bytes for the database, if its name is not stored in UTF-8. */
  databaseBytes?: Buffer;
  /** The name that the server's certificate must have. @default host */
  certificateHost?: string;
  /** Which addresses the host may have. @default all */
  hostRule?: HostRule;
  /** What the secret contained when it was last read: the next connections do not try what one was refused with. */
  latest?: () => Credentials;
  /**
   * Reads the secret again, after the source has refused its latest contents.
   *
   * @returns undefined when nothing has changed: the source would refuse the same again, and count it against the
   *   account
   */
  reread?: () => Promise<Credentials | undefined>;
  /** Where the login comes from, for people: in hints it replaces "the secret of this source". */
  origin?: string;
  /** Possible causes of a refusal, for people, instead of the usual hint. */
  explainRefusal?: () => Promise<string>;
}

/** A login for one connection: the address at which `host` was reached. */
export type ConnectionLogin = Login & { password: string; address: string };

/** The run that signs in, which AWS records in its logs. */
export interface SigningRun {
  job: string;
  runId?: string;
}

const address = {
  host: hostName.optional(),
  port: z.coerce.number().int().min(1).max(65535).optional(),
  dbname: z.string().optional(),
};
// The layout that RDS writes:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
const rdsSecret = {
  schema: z.looseObject({ username: z.string().min(1), password: z.string(), ...address }),
  name: 'in the RDS layout',
  expected: '{"username": "…", "password": "…"}',
};
const keySecret = {
  schema: z.looseObject({
    accessKeyId: z.string().min(1),
    secretAccessKey: z.string().min(1),
    sessionToken: z.string().min(1).optional(),
    ...address,
  }),
  name: 'an AWS access key pair',
  expected: '{"accessKeyId": "…", "secretAccessKey": "…"}, and "sessionToken" for a temporary key',
};

/**
 * How to sign in to a source: reads its secret, and fills in what the configuration leaves to it.
 *
 * @param run whose session it is when a role is assumed
 * @throws ConfigError when the secret is missing or has another layout, or the host, database or region is in neither
 */
export async function resolveLogin(
  name: string,
  source: SourceConfig,
  secrets: SecretReader,
  defaultPort: number,
  run: SigningRun = { job: name },
): Promise<Login> {
  const login = await signInFrom(name, source, secrets, defaultPort, run);
  const { hostRule } = secrets;
  return hostRule === undefined ? login : { ...login, hostRule };
}

async function signInFrom(
  name: string,
  source: SourceConfig,
  secrets: SecretReader,
  defaultPort: number,
  run: SigningRun,
): Promise<Login> {
  const { auth } = source;
  if (auth.type === 'none') return fileLogin(name, source);
  if (auth.type === 'password') {
    const secret = await readJsonSecret(secrets, auth.secret, rdsSecret);
    const said = ({ username, password }: typeof secret) => ({ username, password });
    return {
      ...locate(name, source, defaultPort, secret),
      origin: nameSecret(auth.secret),
      ...renewable(
        said(secret),
        async () => said(await readJsonSecret(secrets, auth.secret, rdsSecret)),
        (credentials) => credentials,
      ),
      ...explainAs(secrets.refusalHint),
    };
  }
  const { identity } = secrets;
  if (!identity)
    throw new ConfigError(`The source ${name} signs in through AWS, which is not available here.`);
  const secret = auth.type === 'iam-user' ? await readKeys(secrets, auth.secret) : undefined;
  const located = locate(name, source, defaultPort, secret?.address ?? {});
  const scope = tokenScopeOf(name, auth, located);
  const signingKeys = async (signal?: AbortSignal) => {
    if (auth.type !== 'iam-role') return identity.ownKeys(scope.region);
    const { roleArn, externalId } = auth;
    const session = { sessionName: sessionName(run.job, run.runId), region: scope.region };
    return identity.assumeRole({ roleArn, externalId, ...session, signal });
  };
  let signedWith: AwsKeys | undefined;
  const tokensBy = (keys: (signal?: AbortSignal) => Promise<AwsKeys>): Credentials => ({
    username: auth.username,
    async password(signal) {
      signedWith = await keys(signal);
      return signToken(scope, signedWith);
    },
  });
  const credentials =
    auth.type === 'iam-user' && secret
      ? renewable(
          secret.keys,
          async () => (await readKeys(secrets, auth.secret)).keys,
          (keys) => tokensBy(async () => keys),
        )
      : tokensBy(signingKeys);
  return {
    ...located,
    ...(auth.signHost === undefined ? {} : { certificateHost: scope.host }),
    ...credentials,
    async explainRefusal() {
      return explainRefusedToken(source, scope, signedWith && { keys: signedWith, identity });
    },
  };
}

const explainAs = (hint: string | undefined) =>
  hint === undefined ? {} : { explainRefusal: async () => hint };

/** A file has no host, no port and no user. */
function fileLogin(name: string, { database }: SourceConfig): Login {
  if (database === undefined)
    throw new ConfigError(`The source ${name} has no database: sources.${name}.database is missing.`);
  return { host: '', port: 0, database, username: '', password: '' };
}

/** Whether a source is a file, and no server. */
export const isFile = ({ host }: Pick<Login, 'host'>) => host === '';

/** Where a source is, for people. */
export const placeOf = ({ host, port, database }: Pick<Login, 'host' | 'port' | 'database'>) =>
  host === '' ? database : `${host}:${port}`;

/** Credentials from a secret, whose contents may change when it is read again. */
function renewable<T extends object>(
  first: T,
  read: () => Promise<T>,
  credentialsOf: (said: T) => Credentials,
): Credentials & Required<Pick<Login, 'latest' | 'reread'>> {
  let latest = first;
  return {
    ...credentialsOf(first),
    latest: () => credentialsOf(latest),
    async reread() {
      const now = await read();
      if (isDeepStrictEqual(now, latest)) return undefined;
      latest = now;
      return credentialsOf(now);
    },
  };
}

/** Where the source is. The secret fills in what the configuration leaves open. */
function locate(
  name: string,
  { auth, ...source }: SourceConfig,
  defaultPort: number,
  secret: z.infer<z.ZodObject<typeof address>>,
): Pick<Login, 'host' | 'port' | 'database'> {
  const host = source.host ?? secret.host;
  const database = source.database ?? secret.dbname;
  if (!host || !database) {
    const missing = host ? 'database' : 'host';
    const neither =
      'secret' in auth
        ? `neither sources.${name}.${missing} nor the secret ${secretLabel(auth.secret)} sets it`
        : `sources.${name}.${missing} is missing`;
    throw new ConfigError(`The source ${name} has no ${missing}: ${neither}.`);
  }
  return { host, port: source.port ?? secret.port ?? defaultPort, database };
}

async function readKeys(
  secrets: SecretReader,
  ref: SecretRef,
): Promise<{ keys: AwsKeys; address: z.infer<z.ZodObject<typeof address>> }> {
  const secret = await readJsonSecret(secrets, ref, keySecret);
  const { accessKeyId, secretAccessKey, sessionToken } = secret;
  const keys = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  assertComplete(keys, (hint) => {
    const message = `The secret ${secretLabel(ref)} contains a temporary access key (ASIA…) without its sessionToken.`;
    return new ConfigError(message, { hint });
  });
  return { keys, address: secret };
}
