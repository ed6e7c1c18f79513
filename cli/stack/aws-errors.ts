import { AccessError, ConfigError, FerryError, StackUnavailableError } from '../../shared/errors.ts';

const noCredentials = new Set(['CredentialsProviderError', 'TokenProviderError', 'NoAuthSchemeException']);
const badCredentials = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
  'IncompleteSignature',
]);
const notAllowed = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation']);

/**
 * Explains an error of an AWS client.
 *
 * @param call the attempted call, as an IAM action: `cloudformation:DescribeStacks`
 */
export function explainAwsError(error: unknown, call: string): FerryError {
  if (error instanceof FerryError) return error;
  const name = error instanceof Error ? error.name : '';
  const message = error instanceof Error ? error.message : '';
  if (/region is missing/i.test(message)) {
    return new ConfigError('The AWS region of the stack is unknown.', {
      cause: error,
      hint: 'Set AWS_REGION, or a profile that names a region (AWS_PROFILE).',
    });
  }
  if (noCredentials.has(name)) {
    return new AccessError('No AWS credentials were found, or they cannot be refreshed.', {
      cause: error,
      hint: 'Sign in (aws sso login) and name the profile with AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    });
  }
  if (badCredentials.has(name)) {
    return new AccessError('AWS rejected the credentials: they are wrong or have expired.', {
      cause: error,
      hint: 'Sign in again (aws sso login). AWS also rejects requests from a machine with a wrong clock.',
    });
  }
  if (notAllowed.has(name)) {
    return new AccessError(`These credentials may not ${call}.`, {
      cause: error,
      hint: 'docs/cli.md lists the permissions that each command needs.',
    });
  }
  return new StackUnavailableError(`AWS could not be reached (${call}${name ? `: ${name}` : ''}).`, {
    cause: error,
    hint: 'Check the network and, if you need one, the proxy.',
  });
}
