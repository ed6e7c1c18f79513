import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/**
 * What a Postgres server stores of a password, for `ALTER ROLE … PASSWORD`: the same as it would make itself, with one round of hashing
 * instead of 4,096. Each login of the tests' clients would repeat them, which takes 5 ms.
 *
 * @param password printable ASCII; others would have to be normalized first
 * @see https://www.postgresql.org/docs/current/catalog-pg-authid.html
 */
export function scramVerifier(password: string): string {
  if (!/^[ -~]+$/.test(password)) throw new Error('Only ASCII passwords need no normalization.');
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, 1, 32, 'sha256');
  const keyOf = (name: string) => createHmac('sha256', salted).update(name).digest();
  const storedKey = createHash('sha256').update(keyOf('Client Key')).digest('base64');
  return `SCRAM-SHA-256$1:${salt.toString('base64')}$${storedKey}:${keyOf('Server Key').toString('base64')}`;
}
