import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { AccessError, ConfigError, type FerryError, StackUnavailableError } from '../../errors.ts';
import { awsHttps, explainHttpsFailure, type OutgoingHttps } from '../../network/outgoing-https.ts';

/** Keys of AWS. All but the id are secret; the id is not printed either. */
export interface AwsKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** A role to assume. */
export interface RoleToAssume {
  roleArn: string;
  /** Counts as secret in messages. */
  externalId?: string | undefined;
  /** The name of the session in the other account's logs. */
  sessionName: string;
  /** The region of STS if the process itself has none. */
  region: string;
  /** Ends the wait for STS, which may take half a minute. */
  signal?: AbortSignal | undefined;
}

/** Who this process is to AWS, for signing in to databases. */
export interface AwsIdentity {
  /**
   * The keys of the process: on Lambda those of the function's role, on a laptop those of the person who is signed in.
   *
   * @param region the region of STS if the process itself has none, and its profile needs it
   * @throws AccessError when there are none
   */
  ownKeys(region: string): Promise<AwsKeys>;
  /**
   * @returns keys of a session of the role, good for fifteen minutes
   * @throws AccessError when it is refused, ConfigError for what is no role, StackUnavailableError
   */
  assumeRole(role: RoleToAssume): Promise<AwsKeys>;
  /**
   * Asks AWS about the keys that signed a token which a database refused, within three seconds.
   *
   * @returns sentences for a hint; empty when AWS does not answer
   */
  examine(keys: AwsKeys, region: string): Promise<string[]>;
}

// The minimum of STS, and as long as a token is valid.
const SESSION_SECONDS = 900;
const EXAMINATION_MS = 3_000;
// AWS accepts signatures from clocks that are up to five minutes wrong.
const TOLERANCE_MS = 4 * 60_000;
const noRoute = 'A function in a VPC needs a route to it: NAT, or an interface endpoint for sts.';

/** AWS's answers about the keys of the caller, by the names of its errors. */
const keyProblems: Readonly<Record<string, string>> = {
  ExpiredToken: 'their session has expired',
  ExpiredTokenException: 'their session has expired',
  InvalidClientTokenId: 'AWS does not know them: a deleted or disabled key, or a wrong session token',
  UnrecognizedClientException: 'AWS does not know them: a deleted or disabled key, or a wrong session token',
  SignatureDoesNotMatch: 'the secret key does not belong to the access key, or the clock here is wrong',
  RequestExpired: 'the clock here is wrong',
  InvalidSignatureException: 'the secret key does not belong to the access key, or the clock here is wrong',
};

/** What an answer of AWS says about the keys that signed a request; undefined when it is about something else. */
export function explainKeyRefusal(error: unknown): AccessError | undefined {
  const problem = error instanceof Error ? keyProblems[error.name] : undefined;
  if (problem === undefined) return undefined;
  return new AccessError(`AWS rejected the credentials of this process: ${problem}.`, {
    cause: error,
    hint: 'Sign in again, and correct the clock.',
  });
}

/**
 * @param options.region the region of STS; without it, the environment's, else the database's
 */
export function createAwsIdentity(options: { outgoing: OutgoingHttps; region?: string }): AwsIdentity {
  const { outgoing } = options;
  // An empty value is not a region.
  const ownRegion = options.region || process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || undefined;
  const clients = new Map<string, STSClient>();
  const clientIn = (region: string) => {
    const client = clients.get(region) ?? new STSClient({ region, requestHandler: awsHttps(outgoing) });
    clients.set(region, client);
    return client;
  };
  return {
    async ownKeys(region) {
      try {
        // The client's own chain of providers: it asks STS only if a profile names a role.
        return await clientIn(ownRegion ?? region).config.credentials();
      } catch (error) {
        throw explainRefusal(error, outgoing);
      }
    },

    async assumeRole({ roleArn, externalId, sessionName, region, signal }) {
      const command = new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: sessionName,
        DurationSeconds: SESSION_SECONDS,
        // Every role refuses an empty one.
        ...(externalId === undefined ? {} : { ExternalId: externalId }),
      });
      try {
        const { Credentials: keys } = await clientIn(ownRegion ?? region).send(
          command,
          signal ? { abortSignal: signal } : {},
        );
        if (!keys?.AccessKeyId || !keys.SecretAccessKey || !keys.SessionToken) throw new Error('no keys');
        return {
          accessKeyId: keys.AccessKeyId,
          secretAccessKey: keys.SecretAccessKey,
          sessionToken: keys.SessionToken,
        };
      } catch (error) {
        signal?.throwIfAborted();
        throw explainRefusal(error, outgoing, { roleArn, externalId });
      }
    },

    async examine(keys, region) {
      const client = new STSClient({
        region: ownRegion ?? region,
        credentials: keys,
        requestHandler: awsHttps(outgoing),
        maxAttempts: 1,
      });
      const said: string[] = [];
      try {
        const { Arn } = await client.send(new GetCallerIdentityCommand({}), {
          abortSignal: AbortSignal.timeout(EXAMINATION_MS),
        });
        if (Arn !== undefined) said.push(`AWS knows the signer as ${Arn}.`);
      } catch (error) {
        const problem = error instanceof Error ? keyProblems[error.name] : undefined;
        if (problem !== undefined) said.push(`AWS rejected the keys that signed: ${problem}.`);
      }
      // By the date of the answer; the SDK remembers it, to sign with AWS's clock.
      const { systemClockOffset = 0 } = client.config as { systemClockOffset?: number };
      if (Math.abs(systemClockOffset) > TOLERANCE_MS) {
        const minutes = Math.round(Math.abs(systemClockOffset) / 60_000);
        said.push(
          `The clock here is ${minutes} minutes ${systemClockOffset > 0 ? 'behind' : 'ahead of'} that of AWS: correct it.`,
        );
      }
      client.destroy();
      return said;
    },
  };
}

/**
 * Never AWS's own words, which may repeat what was sent. Only the caller is taken from them, because a trust policy has
 * to name it.
 */
function explainRefusal(
  error: unknown,
  outgoing: OutgoingHttps,
  role?: Pick<RoleToAssume, 'roleArn' | 'externalId'>,
): FerryError {
  const name = error instanceof Error ? error.name : '';
  const said = error instanceof Error ? error.message : '';
  if (name === 'CredentialsProviderError') {
    return new AccessError('No AWS credentials were found to sign a token with.', {
      cause: error,
      hint: 'Sign in (aws sso login, aws configure, AWS_PROFILE), or use another kind of auth for this source.',
    });
  }
  const explained = explainHttpsFailure(error, outgoing, 'AWS STS');
  if (explained) return new StackUnavailableError(explained.message, { cause: error, hint: explained.hint });
  if (role && (name === 'AccessDenied' || name === 'AccessDeniedException')) {
    const caller = /\barn:[\w-]+:(?:iam|sts)::\d{12}:[\w+=,.@/-]+(?= is not authorized)/.exec(said)?.[0];
    return new AccessError(`AWS does not let Ferry assume the role ${role.roleArn}.`, {
      cause: error,
      hint:
        `Its trust policy must name ${caller ?? 'the caller'}, ` +
        `${role.externalId === undefined ? 'and must not ask for an external id, because none is configured (externalId)' : 'with the external id that is configured'}; ` +
        'and the policy of the caller must allow sts:AssumeRole on it (cdk deploy grants that to functions).',
    });
  }
  const refusedKeys = explainKeyRefusal(error);
  if (refusedKeys) return refusedKeys;
  if (name === 'RegionDisabledException') {
    return new AccessError('STS is disabled in this region for the account.', {
      cause: error,
      hint: "Enable it in the account's IAM settings.",
    });
  }
  if (role && (name === 'ValidationError' || name === 'ValidationException')) {
    return new ConfigError(`AWS does not accept ${role.roleArn} as a role that can be assumed.`, {
      cause: error,
      hint: 'Check roleArn of this source.',
    });
  }
  return new StackUnavailableError(`AWS STS cannot be reached, or failed (${name || 'unknown error'}).`, {
    cause: error,
    hint: noRoute,
  });
}
