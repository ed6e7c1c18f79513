import { S3ServiceException } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { explainOutputError } from '../../../../shared/extraction/output/s3-output-errors.ts';

const failure = (name: string, httpStatusCode: number, message = '') =>
  new S3ServiceException({ name, message, $fault: 'client', $metadata: { httpStatusCode } });
const about = { bucket: 'city', key: 'a/1.json', permission: 's3:PutObject', bucketOwner: undefined };

describe('a failure at the bucket of an extraction', () => {
  it.each([
    [failure('NoSuchBucket', 404), 'ConfigError', /There is no bucket city/],
    [failure('AccessDenied', 403), 'ConfigError', /s3:PutObject was denied on s3:\/\/city\/a\/1\.json/],
    [
      failure(
        'AccessDenied',
        403,
        'User: arn:aws:sts::1:assumed-role/x is not authorized to perform: kms:GenerateDataKey on resource: y',
      ),
      'ConfigError',
      /kms:GenerateDataKey was denied/,
    ],
    [
      failure('KMS.DisabledException', 400),
      'ConfigError',
      /KMS key .* cannot be used \(KMS\.DisabledException\)/,
    ],
    [failure('ExpiredToken', 400), 'ConfigError', /AWS does not accept the credentials/],
    [failure('SlowDown', 503), 'StorageUnavailableError', /is overloaded.*SlowDown/],
    [new Error('socket hang up'), 'StorageUnavailableError', /cannot be reached \(Error\)/],
  ])('%s is reported as %s', (error, name, message) => {
    const told = explainOutputError(error, about);
    expect(told.class).toBe(name);
    expect(told.message).toMatch(message);
    // What AWS says holds account ids and role names.
    expect(told.message).not.toContain('arn:');
    expect(told.cause).toBe(error);
  });

  it('names the account that should own the bucket', () => {
    const told = explainOutputError(failure('AccessDenied', 403), { ...about, bucketOwner: '111122223333' });
    expect(told.hint).toContain('that the bucket belongs to account 111122223333');
  });
});
