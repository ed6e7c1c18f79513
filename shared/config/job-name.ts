import { ConfigError } from '../errors.ts';
import { shorten } from '../text/shorten.ts';

/**
 * The form of the names in ferry.yaml. A job's name is also part of keys and addresses, so no other characters are
 * allowed.
 */
export const NAME_FORM = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** {@link NAME_FORM} in words. */
export const NAME_WORDS = 'a name of letters, digits, - and _ (at most 63, starting with a letter or digit)';

/** @throws ConfigError for a text that cannot be a job's name: `..` would lead to the documents of others */
export function checkedJobName(job: string): string {
  if (NAME_FORM.test(job)) return job;
  throw new ConfigError(`There is no job "${shorten(job)}": a job has ${NAME_WORDS}.`);
}
