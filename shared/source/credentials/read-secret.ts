import type { z } from 'zod';
import type { SecretRef } from '../../config/schema/ferry-config.ts';
import { ConfigError } from '../../errors.ts';
import { type SecretReader, secretLabel } from './secrets.ts';

/**
 * Reads a secret that is a JSON object.
 *
 * @param layout.name its name for people; `layout.expected` shows it, without values
 * @throws ConfigError that says what is wrong or missing, and repeats nothing from the secret
 */
export async function readJsonSecret<T>(
  secrets: SecretReader,
  ref: SecretRef,
  layout: { schema: z.ZodType<T>; name: string; expected: string },
): Promise<T> {
  const label = secretLabel(ref);
  const text = await secrets.read(ref);
  const hint = `Expected: ${layout.expected}.`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // No `cause`: the parser's message quotes the secret.
    throw new ConfigError(`The secret ${label} is not JSON.`, { hint });
  }
  const parsed = layout.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const paths = parsed.error.issues.map(({ path }) => path.join('.') || 'the whole');
  const fields = [...new Set(paths)].join(', ');
  throw new ConfigError(`The secret ${label} is not ${layout.name} (wrong or missing: ${fields}).`, { hint });
}
