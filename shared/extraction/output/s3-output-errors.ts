import { ConfigError, type FerryError, StorageUnavailableError } from '../../errors.ts';
import { explainS3Error } from '../../runs/documents/explain-s3-error.ts';

/**
 * Explains a failure at the bucket of an extraction. A failure that does not pass on its own is one of its
 * configuration.
 *
 * @param about.permission the one that the operation needs
 */
export function explainOutputError(
  error: unknown,
  about: { bucket: string; key: string; permission: string; bucketOwner: string | undefined },
): FerryError {
  const { bucket, key, permission, bucketOwner } = about;
  const fault = explainS3Error(error, { what: `The bucket ${bucket}`, bucket, key, permission });
  const { message, transient } = fault;
  const owner =
    bucketOwner === undefined
      ? ''
      : ` Check that the bucket belongs to account ${bucketOwner} (output.bucketOwner).`;
  const hint = `${fault.hint ?? ''}${fault.denied ? `${owner} docs/extraction.md lists the permissions.` : ''}`;
  const options = { cause: error, hint };
  return transient ? new StorageUnavailableError(message, options) : new ConfigError(message, options);
}
