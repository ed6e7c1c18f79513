import * as z from 'zod';
import { isRdsHost, regionOfRdsHost, regionPattern } from './rds-host.ts';
import { secretRef } from './secret-ref.ts';

/** How Ferry signs in to a source: the schemas of `auth`, and what they require of the source's other fields. */

// Both become part of the ARN that the function may connect as, where * and ? would also match other users.
const username = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,62}$/,
    'the name of a database user (letters, digits and _.@-, at most 63)',
  )
  .describe('Database user, spelled exactly as in the database.');
const resourceId = z
  .string()
  .regex(
    /^(db|cluster|prx)-[A-Za-z0-9]+$/,
    'the resource id of an instance (db-…), of an Aurora cluster (cluster-…) or of a proxy (prx-…), not its name',
  )
  .describe(
    'Resource id of the instance (db-…), of the Aurora cluster (cluster-…) or of the proxy (prx-…): the function may connect there, and nowhere else.',
  );
const region = z
  .string()
  .regex(regionPattern, 'a region such as eu-central-1')
  .optional()
  .describe('Region of the database. Default: the one in its host name.');
const signHost = z
  .string()
  .max(261)
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[1-9]\d{0,4})?$/,
    "the database's own endpoint, with :port if the port differs",
  )
  .refine((endpoint) => Number(endpoint.split(':')[1] ?? 1) <= 65535, 'a port up to 65535')
  .optional()
  .describe(
    "The database's own endpoint (or endpoint:port) if `host` is another name for it, or a tunnel to it: tokens are signed for it. Default: host.",
  );
const signing = { username, region, signHost };

const passwordAuth = z.strictObject({
  type: z.literal('password'),
  secret: secretRef.describe(
    'Secret in the RDS layout: {"username", "password"} and optionally host, port, dbname, used if the source does not set them.',
  ),
});

const iamAuth = z
  .strictObject({ type: z.literal('iam'), ...signing, resourceId })
  .describe(
    "IAM database authentication: the function's own role signs; on a laptop, your own credentials do.",
  );

const iamUserAuth = z
  .strictObject({
    type: z.literal('iam-user'),
    ...signing,
    secret: secretRef.describe(
      'Secret with the access key pair of an IAM user: {"accessKeyId", "secretAccessKey"}, "sessionToken" for a temporary key, and optionally host, port, dbname.',
    ),
  })
  .describe('IAM database authentication with an access key pair kept in a secret.');

const iamRoleAuth = z
  .strictObject({
    type: z.literal('iam-role'),
    ...signing,
    roleArn: z
      .string()
      .regex(/^arn:[a-z0-9-]+:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/, "a role's ARN (arn:aws:iam::…:role/…)")
      .describe("Role that Ferry assumes to sign, such as one in the database's account."),
    externalId: z
      .string()
      .min(2)
      .max(1224)
      .regex(/^[\w+=,.@:/-]+$/, 'an external id (letters, digits and _+=,.@:/-)')
      .optional()
      .describe("External id that the role's trust policy asks for. Sent only if set."),
  })
  .describe('IAM database authentication as another role: STS AssumeRole, then that role signs.');

const noAuth = z
  .strictObject({ type: z.literal('none') })
  .describe('No login: for a file (type odbc, product sqlite).');

/** The schema of `auth`. */
export const sourceAuth = z.discriminatedUnion('type', [
  passwordAuth,
  iamAuth,
  iamUserAuth,
  iamRoleAuth,
  noAuth,
]);
export type SourceAuth = z.infer<typeof sourceAuth>;
/** The kinds that sign in with tokens of Amazon RDS, which expire after fifteen minutes. */
export type TokenAuth = Exclude<SourceAuth, { type: 'password' | 'none' }>;

/** Whether each connection has its own token, which expires. */
export function usesTokens(auth: SourceAuth): auth is TokenAuth {
  return auth.type !== 'password' && auth.type !== 'none';
}

/** Where a token is valid: the endpoint that it is signed for. */
export function signingEndpoint(
  auth: TokenAuth,
  { host, port }: { host: string; port: number },
): { host: string; port: number } {
  const [name = host, ownPort] = auth.signHost?.split(':') ?? [];
  // The database builds the signed text from its own name, which is in lower case.
  return { host: name.toLowerCase(), port: ownPort === undefined ? port : Number(ownPort) };
}

/** The region of a token: as configured, or from the endpoint. */
export function signingRegion(auth: TokenAuth, endpointHost: string): string | undefined {
  return auth.region ?? regionOfRdsHost(endpointHost);
}

interface AuthFields {
  type: 'postgres' | 'mysql' | 'odbc';
  host?: string | undefined;
  database?: string | undefined;
  auth: SourceAuth;
  tls: { mode: string; ca?: string | undefined };
}

/** What is wrong with how Ferry signs in to a source, together with its other fields, each by the path of a field. */
export function findAuthProblems({ type, host, database, auth, tls }: AuthFields): {
  path: string[];
  message: string;
}[] {
  // DuckDB's client for MySQL treats the two in between as if they verified, or it trusts anybody
  // (docs/architecture.md, "Connecting").
  if (!usesTokens(auth) && type === 'mysql' && !['verify-full', 'disable'].includes(tls.mode)) {
    const message = 'verify-full or disable: MySQL and MariaDB support nothing in between';
    return [{ path: ['tls', 'mode'], message }];
  }
  if (!usesTokens(auth)) return [];
  const problems: { path: string[]; message: string }[] = [];
  // If names were not compared, anyone with a certificate from a public authority or from RDS could pose as the
  // database; and Ferry cannot see whether a PEM file contains such an authority. Where the host has another name,
  // signHost is verified.
  if (tls.mode !== 'verify-full') {
    problems.push({
      path: ['tls', 'mode'],
      message: `verify-full with auth ${auth.type}: a token is only sent to a verified server`,
    });
  }
  if (auth.type !== 'iam-user') {
    for (const [field, value] of Object.entries({ host, database })) {
      if (value === undefined)
        problems.push({
          path: [field],
          message: `a ${field}: auth ${auth.type} has no secret that could provide it`,
        });
    }
  }
  const endpoint = auth.signHost?.split(':')[0] ?? host;
  // The client for MySQL verifies the name that it connects to. No certificate of RDS has this name; that of a proxy in
  // between may.
  const hasAmazonCa = tls.ca === undefined || tls.ca === 'rds';
  if (type === 'mysql' && host !== undefined && endpoint !== undefined && hasAmazonCa) {
    if (isRdsHost(endpoint) && endpoint.toLowerCase() !== host.toLowerCase()) {
      problems.push({
        path: ['auth', 'signHost'],
        message: `only the port to differ from the host, or ${endpoint} as host: with MySQL, the certificate must contain the host's own name`,
      });
    }
  }
  const told = endpoint === undefined ? undefined : regionOfRdsHost(endpoint);
  if (auth.region === undefined && endpoint !== undefined && told === undefined) {
    problems.push({
      path: ['auth', 'region'],
      message: isRdsHost(endpoint)
        ? 'the region of the database, which its host name does not contain'
        : 'the region of the database, or its own endpoint as signHost: the host is not one of *.rds.amazonaws.com, which would contain it',
    });
  }
  if (auth.region !== undefined && told !== undefined && auth.region !== told) {
    problems.push({
      path: ['auth', 'region'],
      message: `${told}, as in the host name (or no region at all)`,
    });
  }
  return problems;
}
