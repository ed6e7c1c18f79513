import { z } from 'zod';
import { hostName, type SecretRef, type SourceConfig } from '../config/schema.ts';
import { ConfigError } from '../errors.ts';
import type { AwsKeys } from './aws-identity.ts';
import { assertComplete, explainRefusedToken, sessionName, signToken, tokenScopeOf } from './rds-token.ts';
import { readJsonSecret } from './read-secret.ts';
import { type SecretReader, secretLabel } from './secrets.ts';

/** How to sign in to a source, for as long as a run lasts. */
export interface Login {
  host: string;
  port: number;
  database: string;
  username: string;
  /**
   * Secret: bind it, never print it. A function makes one for each connection, good for that one only: it ends while the connection
   * lives on.
   */
  password: string | (() => Promise<string>);
  /** The name that the server's certificate must bear. @default host */
  certificateHost?: string;
  /**
   * Reads once more what a secret says, after the source has refused it.
   *
   * @returns undefined when nothing has changed: the same would be refused again, and counted against the account
   */
  reread?: () => Promise<Pick<Login, 'username' | 'password'> | undefined>;
  /** What may be the cause of a refusal, for a person, in the place of the usual hint. */
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
  name: 'in the layout of RDS',
  expected: '{"username": "…", "password": "…"}',
};
const keySecret = {
  schema: z.looseObject({
    accessKeyId: z.string().min(1),
    secretAccessKey: z.string().min(1),
    sessionToken: z.string().min(1).optional(),
    ...address,
  }),
  name: 'an access key pair of AWS',
  expected: '{"accessKeyId": "…", "secretAccessKey": "…"}, and "sessionToken" with a temporary one',
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
    const { username, password } = secret;
    return {
      ...locate(name, source, defaultPort, secret),
      username,
      password,
      async reread() {
        const now = await readJsonSecret(secrets, auth.secret, rdsSecret);
        const isSame = now.username === username && now.password === password;
        return isSame ? undefined : { username: now.username, password: now.password };
      },
    };
  }
  const { identity } = secrets;
  if (!identity) throw new ConfigError(`The source ${name} signs in by AWS, which is not at hand here.`);
  const secret = auth.type === 'iam-user' ? await readKeys(secrets, auth.secret) : undefined;
  const located = locate(name, source, defaultPort, secret?.address ?? {});
  const scope = tokenScopeOf(name, auth, located);
  const keysOf = async () => {
    if (secret) return secret.keys;
    if (auth.type !== 'iam-role') return identity.ownKeys();
    const { roleArn, externalId } = auth;
    const session = { sessionName: sessionName(run.job, run.runId), region: scope.region };
    return identity.assumeRole({ roleArn, externalId, ...session });
  };
  let signedWith: AwsKeys | undefined;
  const tokensBy = (keys: () => Promise<AwsKeys>) => ({
    username: auth.username,
    async password() {
      signedWith = await keys();
      return signToken(scope, signedWith);
    },
  });
  const login: Login = {
    ...located,
    ...(auth.signHost === undefined ? {} : { certificateHost: scope.host }),
    ...tokensBy(keysOf),
    async explainRefusal() {
      return explainRefusedToken(source, scope, signedWith && { keys: signedWith, identity });
    },
  };
  if (auth.type !== 'iam-user') return login;
  return {
    ...login,
    async reread() {
      const { keys } = await readKeys(secrets, auth.secret);
      const isSame =
        keys.accessKeyId === signedWith?.accessKeyId && keys.secretAccessKey === signedWith.secretAccessKey;
      return isSame ? undefined : tokensBy(async () => keys);
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
        ? `neither sources.${name}.${missing} nor the secret ${secretLabel(auth.secret)} says it`
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
    const message = `The secret ${secretLabel(ref)} holds an access key of a session (ASIA…), and its sessionToken is missing.`;
    return new ConfigError(message, { hint });
  });
  return { keys, address: secret };
}
