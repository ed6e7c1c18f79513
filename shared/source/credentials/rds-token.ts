import type { SourceConfig } from '../../config/schema/ferry-config.ts';
import { signingEndpoint, signingRegion, type TokenAuth } from '../../config/schema/source-auth.ts';
import { AccessError, ConfigError } from '../../errors.ts';
import type { AwsIdentity, AwsKeys } from './aws-identity.ts';

/** What a token is valid for. */
export interface TokenScope {
  host: string;
  port: number;
  region: string;
  username: string;
}

/**
 * The target of the tokens for a source.
 *
 * @param host where the source is, from the configuration or its secret
 * @throws ConfigError when neither the configuration nor the host name contains the region
 */
export function tokenScopeOf(
  name: string,
  auth: TokenAuth,
  address: { host: string; port: number },
): TokenScope {
  const endpoint = signingEndpoint(auth, address);
  const region = signingRegion(auth, endpoint.host);
  if (region === undefined) {
    throw new ConfigError(`The source ${name} has no region, and its host name does not contain one.`, {
      hint: `Set sources.${name}.auth.region, or signHost if ${endpoint.host} is another name for the database.`,
    });
  }
  return { ...endpoint, region, username: auth.username };
}

/**
 * Signs a token that lets a user in during the next fifteen minutes. Nothing is sent for this.
 *
 * @returns the token, which is secret
 * @throws AccessError for temporary keys without their session token, which every database refuses
 */
export async function signToken(scope: TokenScope, keys: AwsKeys): Promise<string> {
  assertComplete(keys, (hint) => {
    const message = 'The AWS credentials of this process are temporary, and their session token is missing.';
    return new AccessError(message, { hint });
  });
  const { host: hostname, port, region, username } = scope;
  // Loaded for those who need it: it takes as long as the rest of Ferry.
  const { Signer } = await import('@aws-sdk/rds-signer');
  return new Signer({ hostname, port, region, username, credentials: keys }).getAuthToken();
}

/**
 * Temporary keys are useless without their session token, and all that a database says then is "refused".
 *
 * @param fail makes the error from a hint; whose fault it is depends on where the keys come from
 */
export function assertComplete(keys: AwsKeys, fail: (hint: string) => Error): void {
  // Their ids begin like this:
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
  if (!keys.accessKeyId.startsWith('ASIA') || keys.sessionToken) return;
  throw fail('Provide the session token, or a long-term key (AKIA…).');
}

/**
 * Possible causes when a database has refused a token, because it does not give a reason.
 *
 * @param signer absent where no token was signed
 */
export async function explainRefusedToken(
  source: SourceConfig,
  scope: TokenScope,
  signer: { keys: AwsKeys; identity: AwsIdentity } | undefined,
): Promise<string> {
  const { auth } = source;
  const setUp =
    source.type === 'postgres'
      ? `the user has rds_iam (GRANT rds_iam TO "${scope.username}")`
      : `the user was created for it (CREATE USER ${scope.username} IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS')`;
  const resource = auth.type === 'iam' ? auth.resourceId : '<resource id>';
  const causes = [
    'IAM authentication is enabled at the database',
    setUp,
    `the signer may call rds-db:connect on …:rds-db:${scope.region}:…:dbuser:${resource}/${scope.username}`,
    `the database is in ${scope.region}, and ${scope.host}:${scope.port} is its own endpoint`,
    'the clock here is correct',
  ];
  const found = signer ? await signer.identity.examine(signer.keys, scope.region) : [];
  return [...found, `Check that ${causes.join('; ')} (docs/iam.md).`].join(' ');
}

/** Name of a run's session when it assumes a role: at most 64 of the characters that STS accepts. */
export function sessionName(job: string, runId: string | undefined): string {
  const allowed = (text: string) => text.replaceAll(/[^\w+=,.@-]/g, '-');
  const end = runId === undefined ? '' : `-${allowed(runId)}`;
  return `ferry-${allowed(job)}`.slice(0, Math.max(6, 64 - end.length)) + end;
}
