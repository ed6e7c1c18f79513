import type { Fault } from '../../../catalog/faults.ts';

/** Whether the only reason is that another session holds a lock. */
export const isLocked = ({ code }: Pick<Fault, 'code'>) => code === '55P03' || code === '40P01';

/** Why a part is left out; see https://www.postgresql.org/docs/current/errcodes-appendix.html. */
export function reasonOf({ code, said, isSettled = false }: Fault): string {
  if (isLocked({ code })) return 'another session holds a lock on it, or on something that it reads';
  if (code === '22021' || code === '22P05')
    return 'it contains bytes that are not valid text in the encoding of the database, or that have no equivalent in UTF-8';
  if (!isSettled && (code === '42P01' || /^could not open relation/.test(said ?? '')))
    return 'it was dropped or replaced during each try';
  return `the server fails to return it (${said === null || !isHarmless(said) ? `error ${code}` : said})`;
}

/**
 * Words of the server that contain only names from the catalog. The first are internal errors, which exist in English
 * only.
 */
const isHarmless = (said: string) =>
  /^(cache lookup failed for [a-z ]+ \d+|could not open relation with OID \d+|could not find [a-z ]+ "[^"]*" in file "[^"]*"|could not (access|load) (file|library) "[^"]*".*|missing chunk number .*|stack depth limit exceeded)$/.test(
    said,
  );
