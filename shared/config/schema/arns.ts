import * as z from 'zod';

/** ARNs of ferry.yaml. Roles get rights to what they name, and `*` and `?` would be wildcards in a policy. */

const PREFIX = '^arn:[a-z0-9-]+';
const PLACE = '[a-z0-9-]+:\\d{12}';

/** A KMS key. A policy that names an alias grants nothing. */
export const keyArn = z
  .string()
  .regex(
    new RegExp(`${PREFIX}:kms:${PLACE}:key/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})$`),
    "a KMS key's ARN (arn:aws:kms:REGION:ACCOUNT:key/ID), no alias and without * or ?",
  );

/** A secret in Secrets Manager, with or without the six characters that AWS adds to its name; that of RDS is `rds!…`. */
export const secretArn = z
  .string()
  .regex(
    new RegExp(`${PREFIX}:secretsmanager:${PLACE}:secret:[A-Za-z0-9/_+=.@!-]{1,519}$`),
    "a secret's ARN (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME), without * or ?",
  );

/** An SNS topic. Alarms cannot use FIFO topics, whose names end with a dot and `fifo`. */
export const topicArn = z
  .string()
  .regex(
    new RegExp(`${PREFIX}:sns:${PLACE}:[A-Za-z0-9_-]{1,256}$`),
    "an SNS topic's ARN (arn:aws:sns:REGION:ACCOUNT:NAME), without * or ?",
  );
