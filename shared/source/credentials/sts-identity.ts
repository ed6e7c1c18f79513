import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { AccessError, ConfigError, type FerryError, StackUnavailableError } from '../../errors.ts';
import { awsHttps, explainHttpsFailure, type OutgoingHttps } from '../../network/outgoing-https.ts';
import { traceAwsClient } from '../../telemetry/trace-aws-client.ts';
import type { AwsIdentity, RoleToAssume } from './aws-identity.ts';
import { explainKeyRefusal, keyProblems } from './key-refusal.ts';

// The minimum of STS, and as long as a token is valid.
const SESSION_SECONDS = 900;
const EXAMINATION_MS = 3_000;
// AWS accepts signatures from clocks that are up to five minutes wrong.
const TOLERANCE_MS = 4 * 60_000;
const noRoute = 'A function in a VPC needs a route to it: NAT, or an interface endpoint for sts.';

/**
 * Asks STS. Only {@link createAwsIdentity} uses this, which loads it.
 *
 * @param options.region the region of STS; undefined: the database's
 */
export function createStsIdentity(options: {
  outgoing: OutgoingHttps;
  region: string | undefined;
}): AwsIdentity {
  const { outgoing, region: ownRegion } = options;
  const clients = new Map<string, STSClient>();
  const clientIn = (region: string) => {
    const client =
      clients.get(region) ??
      traceAwsClient(new STSClient({ region, requestHandler: awsHttps(outgoing) }), 'STS');
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
      const requestHandler = awsHttps(outgoing);
      const settings = { region: ownRegion ?? region, credentials: keys, requestHandler, maxAttempts: 1 };
      const client = traceAwsClient(new STSClient(settings), 'STS');
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
