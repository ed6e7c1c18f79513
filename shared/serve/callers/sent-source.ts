import type { z } from 'zod';
import type { SentCredentials } from '../../atlan/sent-credentials.ts';
import type { ferryConfigSchema } from '../../config/schema/ferry-config.ts';
import { SENT_SECRET } from '../../config/schema/secret-ref.ts';
import { AccessError } from '../../errors.ts';
import type { HostRule } from '../../network/host-rule.ts';
import type { AwsIdentity } from '../../source/credentials/aws-identity.ts';
import type { SecretReader } from '../../source/credentials/secrets.ts';
import { matchesStars } from '../../text/matches-stars.ts';
import { isLoopbackAddress } from '../listeners/loopback.ts';

/** What the operator allows callers that send credentials. */
export interface CallerRules {
  /** Undefined: none may. */
  hostRule: HostRule | undefined;
  /** Roles that may be assumed: ARNs, in which `*` matches anything. */
  roleArns: readonly string[];
  /** How connections are encrypted and verified. @default verify-full, and not at all on this machine */
  tls: {
    mode?: 'verify-full' | 'verify-ca' | 'require' | 'disable';
    ca?: string;
    /** As the operator named it, such as the path of the file that `ca` holds. */
    caName?: string;
  };
}

/** The name of the source whose credentials a caller has sent. */
export const SENT = SENT_SECRET;

type SourceInput = z.input<typeof ferryConfigSchema>['sources'][string];

/** A source of ferry.yaml for credentials that a caller has sent; its secret is that of {@link secretsOf}. */
export function sourceOf(credentials: SentCredentials, { tls }: Pick<CallerRules, 'tls'>): SourceInput {
  const { connector: type, host, port, database, authType } = credentials;
  const place = { type, host, port, database } as const;
  const ca = tls.ca === undefined ? {} : { ca: tls.ca };
  if (authType === 'basic') {
    const mode = tls.mode ?? (isLoopbackAddress(host) ? 'disable' : 'verify-full');
    return { ...place, auth: { type: 'password', secret: SENT }, tls: { mode, ...ca } };
  }
  const { username, region } = credentials;
  const signing = { username, ...(region === undefined ? {} : { region }) };
  // Whatever the operator says: a token is only sent to a verified server.
  const verified = { ...place, tls: { mode: 'verify-full', ...ca } } as const;
  if (authType === 'iam_user') return { ...verified, auth: { type: 'iam-user', ...signing, secret: SENT } };
  const { roleArn, externalId } = credentials;
  return {
    ...verified,
    auth: { type: 'iam-role', ...signing, roleArn, ...(externalId === undefined ? {} : { externalId }) },
  };
}

/**
 * The secrets of such a source, which exist in memory only. They go where the operator allows, and no other secret can
 * be read.
 */
export function secretsOf(
  credentials: SentCredentials,
  { hostRule, roleArns }: CallerRules,
  identity: AwsIdentity | undefined,
): SecretReader {
  const secret = secretTextOf(credentials);
  return {
    async read() {
      return secret;
    },
    refusalHint: 'Check username and password in the credentials that were sent.',
    ...(identity ? { identity: limitIdentity(identity, roleArns) } : {}),
    ...(hostRule ? { hostRule } : {}),
  };
}

function secretTextOf(credentials: SentCredentials): string {
  switch (credentials.authType) {
    case 'basic':
      return JSON.stringify({ username: credentials.username, password: credentials.password });
    case 'iam_user':
      return JSON.stringify({
        accessKeyId: credentials.accessKeyId,
        secretAccessKey: credentials.secretAccessKey,
      });
    case 'iam_role':
      return '{}';
  }
}

/** Whether the operator allows callers to have Ferry assume this role. */
export const isAllowedRole = (roleArn: string, roleArns: readonly string[]) =>
  roleArns.some((pattern) => matchesStars(pattern, roleArn));

/** Ferry's own identity, as far as callers may use it: it signs nothing itself, and assumes the roles that are allowed. */
function limitIdentity(identity: AwsIdentity, roleArns: readonly string[]): AwsIdentity {
  return {
    async ownKeys() {
      throw new AccessError('Ferry does not sign with its own keys for callers.');
    },
    async assumeRole(role) {
      if (!isAllowedRole(role.roleArn, roleArns))
        throw new AccessError('Ferry may not assume this role for callers of its API.');
      return identity.assumeRole(role);
    },
    examine: (keys, region) => identity.examine(keys, region),
  };
}
