import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  awsTimeouts,
  explainHttpsFailure,
  type OutgoingHttps,
  trustExtraCa,
} from '../config/outgoing-https.ts';
import { ConfigError, StorageUnavailableError } from '../errors.ts';
import { type SecretReader, secretLabel } from './secrets.ts';

const hints: Readonly<Record<string, (label: string) => string>> = {
  ResourceNotFoundException: (label) =>
    `Create it: aws secretsmanager create-secret --name ${label} --secret-string file://secret.json`,
  AccessDeniedException: (label) =>
    `The role may not read ${label}: allow secretsmanager:GetSecretValue (and kms:Decrypt for a customer-managed key).`,
  InvalidRequestException: (label) =>
    `It may be scheduled for deletion: aws secretsmanager restore-secret --secret-id ${label}`,
  DecryptionFailure: () => 'The role may not decrypt with its KMS key: allow kms:Decrypt.',
  CredentialsProviderError: () => 'No AWS credentials were found: sign in, or give the secret by --secrets.',
};
const problems: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'does not exist',
  AccessDeniedException: 'may not be read',
  InvalidRequestException: 'cannot be read in its present state',
  DecryptionFailure: 'cannot be decrypted',
  CredentialsProviderError: 'cannot be read without AWS credentials',
};

/**
 * Reads secrets from AWS Secrets Manager, anew at each call: a rotated one is seen by the next run.
 *
 * @param options.region the SDK's own by default
 */
export function createSecretsManagerReader(options: {
  outgoing: OutgoingHttps;
  region?: string;
}): SecretReader {
  const { outgoing, ...settings } = options;
  trustExtraCa(outgoing);
  // Its time-out ends the wait for a tunnel, which the SDK gives up and leaves open: the process would not end.
  const httpsAgent = outgoing.proxy
    ? { proxyEnv: { HTTPS_PROXY: outgoing.proxy }, timeout: awsTimeouts.connectionTimeout }
    : {};
  const client = new SecretsManagerClient({ ...settings, requestHandler: { ...awsTimeouts, httpsAgent } });
  return {
    async read(ref) {
      const label = secretLabel(ref);
      let value: string | undefined;
      try {
        ({ SecretString: value } = await client.send(new GetSecretValueCommand({ SecretId: label })));
      } catch (error) {
        const name = error instanceof Error ? error.name : '';
        const problem = problems[name];
        const explained = explainHttpsFailure(error, outgoing, 'Secrets Manager');
        if (explained) {
          throw new StorageUnavailableError(explained.message, { cause: error, hint: explained.hint });
        }
        if (!problem) {
          throw new StorageUnavailableError(
            `Secrets Manager cannot be reached, or failed (${name || 'unknown error'}).`,
            {
              cause: error,
              hint: 'A function in a VPC needs a route to it: NAT, or an interface endpoint for secretsmanager.',
            },
          );
        }
        const hint = hints[name]?.(label);
        throw new ConfigError(`The secret ${label} ${problem}.`, { cause: error, ...(hint ? { hint } : {}) });
      }
      if (value === undefined) {
        throw new ConfigError(`The secret ${label} is binary; text is expected.`, {
          hint: 'Store it with --secret-string.',
        });
      }
      return value;
    },
  };
}
