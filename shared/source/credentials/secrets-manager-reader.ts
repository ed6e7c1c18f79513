import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ConfigError, StorageUnavailableError } from '../../errors.ts';
import { awsHttps, explainHttpsFailure, type OutgoingHttps } from '../../network/outgoing-https.ts';
import { traceAwsClient } from '../../telemetry/trace-aws-client.ts';
import { createAwsIdentity } from './create-aws-identity.ts';
import { explainKeyRefusal } from './key-refusal.ts';
import { type SecretReader, secretLabel } from './secrets.ts';

interface Problem {
  /** Ends the sentence that begins with the secret. */
  is: string;
  hint: (label: string) => string;
}

const denied: Problem = {
  is: 'may not be read',
  hint: (label) =>
    `The role may not read ${label}: allow secretsmanager:GetSecretValue (and kms:Decrypt for a customer-managed key).`,
};
const undecipherable: Problem = {
  is: 'cannot be decrypted',
  hint: () =>
    'Its KMS key may be disabled or deleted, or may not be used by this role: allow kms:Decrypt in the role and in the policy of the key, and set kmsKeyArn to that key.',
};
const unnameable: Problem = {
  is: 'has a name that Secrets Manager does not accept',
  hint: () => 'Check its name or ARN.',
};
const problems: Readonly<Record<string, Problem>> = {
  ResourceNotFoundException: {
    is: 'does not exist',
    hint: (label) =>
      `Create it: aws secretsmanager create-secret --name ${label} --secret-string file://secret.json`,
  },
  AccessDeniedException: denied,
  InvalidRequestException: {
    is: 'cannot be read in its current state',
    hint: (label) =>
      `It may be scheduled for deletion: aws secretsmanager restore-secret --secret-id ${label}`,
  },
  DecryptionFailure: undecipherable,
  InvalidParameterException: unnameable,
  ValidationException: unnameable,
  CredentialsProviderError: {
    is: 'cannot be read without AWS credentials',
    hint: () => 'No AWS credentials were found: sign in, or provide the secret with --secrets.',
  },
};
// When several causes share one error, only AWS's words distinguish them.
const said: readonly { name: string; words: RegExp; problem: Problem }[] = [
  {
    name: 'ResourceNotFoundException',
    words: /staging label/i,
    problem: {
      is: 'has no value',
      hint: (label) =>
        `Give it one: aws secretsmanager put-secret-value --secret-id ${label} --secret-string file://secret.json`,
    },
  },
  {
    name: 'InvalidRequestException',
    words: /deletion|deleted/i,
    problem: {
      is: 'is scheduled for deletion',
      hint: (label) =>
        `Keep it: aws secretsmanager restore-secret --secret-id ${label}; or use another secret.`,
    },
  },
  {
    name: 'InvalidRequestException',
    words: /different AWS account|default KMS/i,
    problem: {
      is: 'belongs to another account, and is encrypted with a key that only that account can use',
      hint: () =>
        'Encrypt it with a customer-managed key whose policy lets this account decrypt, and set kmsKeyArn to that key.',
    },
  },
  { name: 'AccessDeniedException', words: /\bKMS\b|kms:/, problem: undecipherable },
];

function problemOf(error: unknown): Problem | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, message } = error;
  return said.find((each) => each.name === name && each.words.test(message))?.problem ?? problems[name];
}

/**
 * Reads secrets from AWS Secrets Manager, each time again: the next run sees a rotated one.
 *
 * @param options.region @default the SDK's own
 */
export function createSecretsManagerReader(options: {
  outgoing: OutgoingHttps;
  region?: string;
}): SecretReader {
  const { outgoing, ...settings } = options;
  const client = traceAwsClient(
    new SecretsManagerClient({ ...settings, requestHandler: awsHttps(outgoing) }),
    'SecretsManager',
  );
  return {
    identity: createAwsIdentity(options),
    async read(ref) {
      const label = secretLabel(ref);
      let value: string | undefined;
      try {
        ({ SecretString: value } = await client.send(new GetSecretValueCommand({ SecretId: label })));
      } catch (error) {
        const problem = problemOf(error);
        const explained = explainHttpsFailure(error, outgoing, 'Secrets Manager');
        if (explained) {
          throw new StorageUnavailableError(explained.message, { cause: error, hint: explained.hint });
        }
        const refusedKeys = explainKeyRefusal(error);
        if (refusedKeys) throw refusedKeys;
        if (!problem) {
          throw new StorageUnavailableError(
            `Secrets Manager cannot be reached, or failed (${error instanceof Error ? error.name : 'unknown error'}).`,
            {
              cause: error,
              hint: 'A function in a VPC needs a route to it: NAT, or an interface endpoint for secretsmanager.',
            },
          );
        }
        throw new ConfigError(`The secret ${label} ${problem.is}.`, {
          cause: error,
          hint: problem.hint(label),
        });
      }
      if (value === undefined) {
        throw new ConfigError(`The secret ${label} is binary; expected text.`, {
          hint: 'Store it with --secret-string.',
        });
      }
      return value;
    },
  };
}
