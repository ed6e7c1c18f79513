import { describe, expect, it } from 'vitest';
import { secretRef } from '../../../../shared/config/schema/secret-ref.ts';

const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:ferry/erp-AbCdEf';
const kmsKeyArn = 'arn:aws-cn:kms:cn-north-1:111122223333:key/0a1b2c3d-0000-0000-0000-000000000000';

const messagesFor = (value: unknown) => JSON.stringify(secretRef.safeParse(value).error?.issues ?? []);

describe('a secret by its ARN', () => {
  it.each([{ arn }, { arn: arn.replace('-AbCdEf', ''), kmsKeyArn }])('is %j', (value) => {
    expect(secretRef.parse(value)).toEqual(value);
  });

  it.each([
    'arn:aws:secretsmanager:*:*:secret:*',
    arn.replace('eu-central-1', '*'),
    arn.replace('111122223333', '1111'),
    arn.replace('ferry/erp', 'ferry/*'),
    arn.replace('AbCdEf', '??????'),
    arn.replace(':secret:ferry/erp-AbCdEf', ''),
  ])('is not %s, which would open others to the role', (wrong) => {
    expect(messagesFor({ arn: wrong })).toContain(
      "a secret's ARN (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME), without * or ?",
    );
  });

  it.each([
    'arn:aws:kms:*:*:key/*',
    kmsKeyArn.replace('0a1b', '*'),
    'arn:aws:kms:eu-central-1:111122223333:alias/mine',
  ])('has no key %s', (wrong) => {
    expect(messagesFor({ arn, kmsKeyArn: wrong })).toContain(
      "a KMS key's ARN (arn:aws:kms:REGION:ACCOUNT:key/ID), no alias and without * or ?",
    );
  });
});
