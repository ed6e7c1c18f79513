import { z } from 'zod';

/** Where a secret is stored: the schema of every field that names one. */
export const secretRef = z
  .union([
    z
      .string()
      .min(1)
      .max(512)
      .regex(
        /^[A-Za-z0-9/_+=.@:-]+$/,
        'the name of a secret in Secrets Manager (letters, digits and /_+=.@-)',
      )
      .refine(
        (value) => !value.startsWith('pak_'),
        'the NAME of a secret that holds the token, not the token itself',
      )
      .refine((value) => !value.startsWith('arn:'), 'an ARN must be written as { arn: "arn:…" }'),
    z.strictObject({
      arn: z
        .string()
        .regex(/^arn:[a-z0-9-]+:secretsmanager:/, "a secret's ARN (arn:aws:secretsmanager:…)")
        .describe('ARN of the secret, for a secret in another account.'),
      kmsKeyArn: z
        .string()
        .regex(/^arn:[a-z0-9-]+:kms:/, "a KMS key's ARN (arn:aws:kms:…)")
        .optional()
        .describe('ARN of the customer-managed key that encrypts it; the role may then decrypt with it.'),
    }),
  ])
  .describe(
    'Where a secret is kept: its name in Secrets Manager, or {arn, kmsKeyArn}. Never the secret itself.',
  );
export type SecretRef = z.infer<typeof secretRef>;
