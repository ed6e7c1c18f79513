import { createHash } from 'node:crypto';

/** A name of the file as the id of a construct: logical ids hold letters and digits only, and two names must not become one. */
export function logicalId(name: string): string {
  const letters = name.replaceAll(/[^A-Za-z0-9]/g, '');
  return letters === name ? name : `${letters}${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}
