import * as z from 'zod';
import { keyArn, secretArn } from './arns.ts';

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
      .refine((value) => !value.startsWith('arn:'), 'the form { arn: "arn:…" } for the ARN of a secret'),
    z.strictObject({
      arn: secretArn.describe('ARN of the secret, for a secret in another account.'),
      kmsKeyArn: keyArn
        .optional()
        .describe('ARN of the customer-managed key that encrypts it; the role may then decrypt with it.'),
    }),
  ])
  .describe(
    'Where a secret is kept: its name in Secrets Manager, or {arn, kmsKeyArn}. Never the secret itself.',
  );
export type SecretRef = z.infer<typeof secretRef>;

/** The names of the secrets that a .env file of the Go connector holds itself. */
export const ENV_SECRETS = { source: 'env/source', token: 'env/personal-access-token' } as const;

/** The name of credentials that a caller of Atlan's API has sent, which exist in memory only. */
export const SENT_SECRET = 'sent-credentials';

/** A secret for a sentence that says what to change: its name or ARN, or the variable of a .env file. */
export function nameSecret(ref: SecretRef): string {
  if (ref === ENV_SECRETS.source) return 'SOURCE_DATABASE_USER and SOURCE_DATABASE_PASSWORD';
  if (ref === ENV_SECRETS.token) return 'PERSONAL_ACCESS_TOKEN';
  if (ref === SENT_SECRET) return 'the credentials that were sent';
  return `the secret ${typeof ref === 'string' ? ref : ref.arn}`;
}
