import { FerryError } from '../errors.ts';

/**
 * The class of an error, for `error.type`. A class is a word of a programmer's; anything else could be a server's, with
 * data in it.
 */
export function errorTypeOf(error: unknown): string {
  if (error instanceof FerryError) return error.class;
  const name = error instanceof Error ? error.name : '';
  return /^[A-Za-z]\w{0,63}$/.test(name) ? name : '_OTHER';
}
