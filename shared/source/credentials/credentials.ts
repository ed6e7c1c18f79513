import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { hostName, type SecretRef, type SourceConfig } from '../../config/schema/ferry-config.ts';
import { ConfigError } from '../../errors.ts';
import type { AwsKeys } from './aws-identity.ts';
import { assertComplete, explainRefusedToken, sessionName, signToken, tokenScopeOf } from './rds-token.ts';
import { readJsonSecret } from './read-secret.ts';
import { type SecretReader, secretLabel } from './secrets.ts';

/** As whom to sign in, and by what. */
export interface Credentials {
  username: string;
  /**
   * Secret: bind it, never print it. A function makes one for each connection, good for that one only: it ends while the connection
   * lives on.
   */
  password: string | ((signal?: AbortSignal) => Promise<string>);
}

/** How to sign in to a source, for as long as a run lasts. */
export interface Login extends Credentials {
  host: string;
  port: number;
  database: string;
  /** What the server calls the database, where its name is not kept in UTF-8. */
  databaseBytes?: Buffer;
  /** The name that the server's certificate must bear. @default host */
  certificateHost?: string;
  /** What the secret said when it was last read: what was refused to one connection is not tried by the next ones. */
  latest?: () => Credentials;
  /**
   * Reads once more what the secret says, after the source has refused the latest.
   *
   * @returns undefined when nothing has changed: the same would be refused again, and counted against the account
   */
  reread?: () => Promise<Credentials | undefined>;
  /** What may be the cause of a refusal, for a person, instead of the usual hint. */
  explainRefusal?: () => Promise<string>;
}

/** A login for one connection: of the address at which `host` was reached. */
export type ConnectionLogin = Login & { password: string; address: string };

/** The run that signs in, which AWS notes in its logs. */
export interface SigningRun {
  job: string;
  runId?: string;
}

const address = {
  host: hostName.optional(),
  port: z.coerce.number().int().min(1).max(65535).optional(),
  dbname: z.string().optional(),
};
// The layout that RDS writes: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
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
 * How to sign in to a source: reads its secret, and completes what the configuration leaves to it.
 *
 * @param run whose session it is when a role is assumed
 * @throws ConfigError when the secret is missing, not in its layout, or neither names the host, the database or the region
 */
export async function resolveLogin(
  name: string,
  source: SourceConfig,
  secrets: SecretReader,
  defaultPort: number,
  run: SigningRun = { job: name },
): Promise<Login> {
  const { auth } = source;
  if (auth.type === 'password') {
    const secret = await readJsonSecret(secrets, auth.secret, rdsSecret);
    const said = ({ username, password }: typeof secret) => ({ username, password });
    return {
      ...locate(name, source, defaultPort, secret),
      ...renewable(
        said(secret),
        async () => said(await readJsonSecret(secrets, auth.secret, rdsSecret)),
        (credentials) => credentials,
      ),
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

/** Credentials that come from a secret, which may say others when it is read again. */
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

/** Where the source is: what the configuration leaves open, its secret says. */
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
