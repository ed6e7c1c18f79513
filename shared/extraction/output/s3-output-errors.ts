import { S3ServiceException } from '@aws-sdk/client-s3';
import { ConfigError, type FerryError, StorageUnavailableError } from '../../errors.ts';
import { isSlowAnswer } from '../../runs/documents/put-s3-file.ts';

// AWS says in its message which permission of which policy is missing; where it does not, the operation's own is the likely one.
const NAMED_PERMISSION = /perform: ([a-z0-9-]+:[A-Za-z]+)/;

/** Errors that say that somebody else must be asked, or that nobody is signed in. */
const NOT_SIGNED_IN = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
]);

/**
 * What a person is notified of a failure at the bucket of an extraction.
 *
 * @param about.permission the one that the operation needs
 */
export function explainOutputError(
  error: unknown,
  about: { bucket: string; key: string; permission: string; bucketOwner: string | undefined },
): FerryError {
  const { bucket, key, permission, bucketOwner } = about;
  const name = error instanceof Error ? error.name : 'unknown error';
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
  if (NOT_SIGNED_IN.has(name)) {
    return new ConfigError(`AWS does not accept the credentials for the bucket ${bucket} (${name}).`, {
      cause: error,
      hint: 'Check the AWS credentials of this environment.',
    });
  }
  if (name === 'NoSuchBucket') {
    return new ConfigError(`There is no bucket ${bucket}.`, {
      cause: error,
      hint: 'Check output.bucket of the extraction.',
    });
  }
  if (name === 'AccessControlListNotSupported') {
    return new ConfigError(`The bucket ${bucket} does not accept access control lists.`, { cause: error });
  }
  if (name.startsWith('KMS.')) {
    return new ConfigError(`The KMS key of the bucket ${bucket} cannot be used (${name}).`, {
      cause: error,
      hint: 'Check output.kmsKeyArn, that the key is enabled, and that its policy lets Ferry use it.',
    });
  }
  if (status === 403 || name === 'AccessDenied') {
    const named = NAMED_PERMISSION.exec(error instanceof Error ? error.message : '')?.[1] ?? permission;
    const owner = bucketOwner === undefined ? '' : `, and that the bucket belongs to account ${bucketOwner}`;
    return new ConfigError(`Ferry may not write its output: ${named} was denied on s3://${bucket}/${key}.`, {
      cause: error,
      hint: `Check the role's policy and the policy of the bucket or key${owner} (docs/extraction.md lists the permissions).`,
    });
  }
  if (isSlowAnswer(error)) {
    return new StorageUnavailableError(`The bucket ${bucket} takes too long to answer (${name}).`, {
      cause: error,
      hint: 'S3 was reached, but the connection is slow or S3 is busy.',
    });
  }
  return new StorageUnavailableError(`The bucket ${bucket} cannot be reached (${name}).`, {
    cause: error,
    hint: 'A function in a VPC needs a route to S3: NAT, or a gateway endpoint.',
  });
}
